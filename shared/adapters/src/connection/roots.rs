//! The root certificates that are trusted for AWS's endpoints.

use aws_smithy_http_client::tls::{TlsContext, TrustStore};

use crate::environment::optional;

/// Amazon Root CA 1 to 4 and Starfield Services Root Certificate Authority - G2. Amazon Trust Services asks
/// every client of AWS to trust them (<https://www.amazontrust.com/repository/>). The first of them expires
/// on 2037-12-31.
const AMAZON: &[u8] = include_bytes!("roots/amazon.pem");

/// Returns a context that trusts Amazon's roots alone; `None` where they may not be enough. In China, AWS is
/// run by others. An operator who names certificates (`SSL_CERT_FILE`, `SSL_CERT_DIR`) may run a proxy that
/// presents one of them.
pub(super) fn amazon(region: &str) -> Option<TlsContext> {
    let own = optional("SSL_CERT_FILE").or_else(|| optional("SSL_CERT_DIR"));
    may_be_amazons(region, own.as_deref()).then(trust).flatten()
}

fn may_be_amazons(region: &str, own_certificates: Option<&str>) -> bool {
    !region.starts_with("cn-") && own_certificates.is_none()
}

fn trust() -> Option<TlsContext> {
    let store = TrustStore::empty().with_pem_certificate(AMAZON);
    TlsContext::builder().with_trust_store(store).build().ok()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest, Sha256};

    use super::*;

    /// The fingerprints that Amazon Trust Services publishes.
    const FINGERPRINTS: [&str; 5] = [
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    ];

    #[test]
    fn the_roots_are_the_published_ones() {
        let pem = std::str::from_utf8(AMAZON).unwrap();
        let found: Vec<String> = pem
            .split("-----BEGIN CERTIFICATE-----")
            .skip(1)
            .map(|rest| {
                let body = rest.split("-----END").next().unwrap().split_whitespace().collect::<String>();
                hex::encode(Sha256::digest(STANDARD.decode(body).unwrap()))
            })
            .collect();
        assert_eq!(found, FINGERPRINTS);
    }

    #[test]
    fn china_and_who_has_certificates_of_their_own_are_known_by_the_systems_roots() {
        assert!(may_be_amazons("us-east-1", None));
        assert!(may_be_amazons("us-gov-west-1", None));
        assert!(!may_be_amazons("cn-north-1", None));
        assert!(!may_be_amazons("us-east-1", Some("/etc/own.pem")));
    }

    /// The client reads the roots when it first connects: nothing listens here, and nothing panics.
    #[tokio::test]
    async fn the_roots_can_be_read() {
        let mut connection = crate::Connection::plain("https://127.0.0.1:9");
        let builder = aws_smithy_http_client::Builder::new().tls_provider(super::super::tls());
        connection.sdk_http = builder.tls_context(trust().unwrap()).build_https();
        let client = super::super::configured!(aws_sdk_ssm, &connection, sender);
        let error = client.get_parameter().name("x").send().await.unwrap_err();
        assert!(matches!(error, aws_sdk_ssm::error::SdkError::DispatchFailure(_)), "{error:?}");
    }
}
