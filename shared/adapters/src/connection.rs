//! The connection to AWS and the providers: region, credentials, endpoint, one HTTP client.

mod on_demand;
mod roots;

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpClient, SharedHttpConnector};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use self::on_demand::OnDemand;
use crate::environment::{self, EnvironmentError};

/// Everything that the clients of AWS and the providers share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The AWS region.
    pub region: String,
    /// An endpoint that replaces AWS's own, for one machine and for tests.
    pub endpoint: Option<String>,
    /// The credentials. On Lambda they are environment variables and live as long as the container.
    pub credentials: Credentials,
    /// The HTTP client of all SDK clients.
    pub sdk_http: SharedHttpClient,
    /// The HTTP connector of providers outside AWS. It never repeats a request.
    pub provider_http: SharedHttpConnector,
    /// The time-outs of calls to our own stores: [`store_timeouts`].
    pub store_timeouts: TimeoutConfig,
}

/// The time limit for connecting to a provider. Nothing has been sent when it is reached.
pub const PROVIDER_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

impl Connection {
    /// Reads the connection from the environment that Lambda sets.
    ///
    /// # Errors
    /// Names the variable that is missing.
    pub fn from_environment() -> Result<Self, EnvironmentError> {
        let credentials = Credentials::new(
            environment::required("AWS_ACCESS_KEY_ID")?,
            environment::required("AWS_SECRET_ACCESS_KEY")?,
            environment::optional("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        Ok(Self {
            region: environment::required("AWS_REGION")?,
            endpoint: environment::optional("AWS_ENDPOINT_URL"),
            credentials,
            sdk_http: Builder::new().tls_provider(tls()).build_https(),
            provider_http: providers_over_tls(),
            store_timeouts: store_timeouts(),
        })
    }

    /// Reads the connection like [`Connection::from_environment`], for a function on Lambda. It trusts
    /// Amazon's own roots for AWS (docs/adr/0037).
    ///
    /// # Errors
    /// Names the variable that is missing.
    pub fn on_lambda() -> Result<Self, EnvironmentError> {
        let mut connection = Self::from_environment()?;
        if let Some(amazon) = roots::amazon(&connection.region) {
            connection.sdk_http = Builder::new().tls_provider(tls()).tls_context(amazon).build_https();
        }
        Ok(connection)
    }

    /// Creates a connection to one machine, without TLS.
    #[must_use]
    pub fn plain(endpoint: impl Into<String>) -> Self {
        Self {
            region: "us-east-1".to_owned(),
            endpoint: Some(endpoint.into()),
            credentials: Credentials::new("local", "local", None, None, "one machine"),
            sdk_http: Builder::new().build_http(),
            provider_http: SharedHttpConnector::new(
                Connector::builder()
                    .connector_settings(provider_settings())
                    .sleep_impl(TokioSleep::new())
                    .build_http(),
            ),
            store_timeouts: store_timeouts(),
        }
    }
}

/// Creates the connector of providers on the internet, which are trusted by the system's roots.
#[must_use]
pub fn providers_over_tls() -> SharedHttpConnector {
    SharedHttpConnector::new(OnDemand::new(|| {
        Connector::builder()
            .tls_provider(tls())
            .connector_settings(provider_settings())
            .sleep_impl(TokioSleep::new())
            .build()
    }))
}

/// Uses ring instead of aws-lc, which gathers entropy for half a second in a small function.
const fn tls() -> Provider {
    Provider::Rustls(CryptoMode::Ring)
}

fn provider_settings() -> HttpConnectorSettings {
    HttpConnectorSettings::builder().connect_timeout(PROVIDER_CONNECT_TIMEOUT).build()
}

/// The number of times that a call to our own stores is tried: each write is conditional or idempotent.
/// (Senders never repeat a call.)
pub(crate) const ATTEMPTS: u32 = 3;

pub(crate) fn store_retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(Duration::from_millis(50))
}

/// The time-outs of our own stores, well below the 10 s after which a caller is asked to try again.
#[must_use]
pub fn store_timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(8))
        .build()
}

pub(crate) fn sleep() -> SharedAsyncSleep {
    SharedAsyncSleep::new(TokioSleep::new())
}

/// The time-outs of a call to a provider, which is made once.
pub(crate) fn sender_timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(PROVIDER_CONNECT_TIMEOUT)
        .operation_timeout(Duration::from_secs(10))
        .build()
}

/// Configures an SDK client: `configured!(aws_sdk_dynamodb, connection)`. A client that sends texts, and
/// therefore never repeats a call: `configured!(aws_sdk_sns, connection, sender)`.
macro_rules! configured {
    ($sdk:ident, $connection:expr) => {
        $crate::connection::configured!(
            $sdk,
            $connection,
            $crate::connection::store_retries(),
            ($connection).store_timeouts.clone()
        )
    };
    ($sdk:ident, $connection:expr, sender) => {
        $crate::connection::configured!(
            $sdk,
            $connection,
            aws_smithy_types::retry::RetryConfig::disabled(),
            $crate::connection::sender_timeouts()
        )
    };
    ($sdk:ident, $connection:expr, $retries:expr, $timeouts:expr) => {{
        let connection: &$crate::Connection = $connection;
        let mut config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new(connection.region.clone()))
            .credentials_provider(connection.credentials.clone())
            .http_client(connection.sdk_http.clone())
            .sleep_impl($crate::connection::sleep())
            .retry_config($retries)
            .timeout_config($timeouts);
        if let Some(endpoint) = &connection.endpoint {
            config = config.endpoint_url(endpoint);
        }
        $sdk::Client::from_conf(config.build())
    }};
}
pub(crate) use configured;
