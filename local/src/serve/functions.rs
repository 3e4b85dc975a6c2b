//! The functions in this process. Their ports lead to the endpoints and the clock of this machine.

use std::sync::Arc;

use adapters::Connection;
use adapters::executions::StateMachine;
use adapters::journeys::JourneyStore;
use adapters::providers::end_user_messaging::{EndUserMessaging, EndUserMessagingSettings};
use adapters::providers::notices::NoticeSenders;
use adapters::providers::router::Senders;
use adapters::providers::sns::{Sns, SnsSettings};
use adapters::providers::twilio::{Twilio, TwilioSettings};
use adapters::randomness::SystemRandomness;
use adapters::secrets::Secrets;
use adapters::switch::ParameterSwitch;
use adapters::table::Table;
use chrono::TimeDelta;
use handlers::{Function, Handlers, Ports};

use super::deploy::{self, RETENTION, TABLE};
use crate::providers::aws_sms;
use crate::runtime::clock::LocalClock;
use crate::runtime::invoke::{FunctionError, Functions};
use crate::states::arn::MACHINE_ARN;
use crate::store::keys::Keys;

type Time = Arc<LocalClock>;

/// The settings that the functions are composed from.
pub(crate) struct Deployment {
    /// The connection to the AWS endpoint of this machine.
    pub(crate) connection: Connection,
    /// The base URL of Twilio's API.
    pub(crate) twilio_url: String,
    /// Whether texts go to real phones.
    pub(crate) live: bool,
    /// The keys and addresses of this installation.
    pub(crate) keys: Keys,
    /// The clock of this machine.
    pub(crate) clock: Time,
}

impl Deployment {
    /// Composes all functions, under the names of their folders.
    pub(crate) fn functions(&self) -> Functions {
        let handlers = Arc::new(Handlers::new(self));
        let mut functions = Functions::new();
        for function in Function::ALL {
            let handlers = Arc::clone(&handlers);
            functions = functions.with(function.name(), move |event| {
                let handlers = Arc::clone(&handlers);
                async move {
                    let invocation = uuid::Uuid::new_v4().to_string();
                    let answer = handlers.handle(function, event, &invocation).await;
                    answer.map_err(|error| FunctionError::new(error.error_type, error.message))
                }
            });
        }
        functions
    }

    fn twilio(&self) -> Twilio<Time> {
        let settings = TwilioSettings {
            base_url: self.twilio_url.clone(),
            from: self.keys.twilio_from.clone(),
            whatsapp_from: None,
            public_url: self.keys.public_url.clone(),
        };
        Twilio::new(&self.connection, Arc::new(Ports::keys(self)), settings)
    }

    fn end_user_messaging(&self) -> Option<EndUserMessaging> {
        let settings = EndUserMessagingSettings {
            origination: Some(aws_sms::POOL.to_owned()),
            configuration_set: Some(aws_sms::CONFIGURATION_SET.to_owned()),
            ..EndUserMessagingSettings::default()
        };
        (!self.live).then(|| EndUserMessaging::new(&self.connection, settings))
    }
}

impl Ports for Deployment {
    type Table = Table;
    type Executions = StateMachine;
    type Keys = Secrets<Time>;
    type Journeys = JourneyStore<Time>;
    type Sender = Senders<Time>;
    type Notices = NoticeSenders<Time>;
    type CodeTexts = Twilio<Time>;
    type Switch = ParameterSwitch<Time>;
    type Randomness = SystemRandomness;
    type Clock = Time;

    fn table(&self) -> Table {
        Table::new(&self.connection, TABLE, RETENTION)
    }

    fn executions(&self) -> StateMachine {
        StateMachine::new(&self.connection, MACHINE_ARN)
    }

    fn keys(&self) -> Secrets<Time> {
        Secrets::new(&self.connection, "afterword", Arc::clone(&self.clock))
    }

    fn journeys(&self) -> JourneyStore<Time> {
        deploy::journeys(&self.connection, &self.clock)
    }

    /// All providers; with real ones, Twilio only, because AWS is simulated here.
    fn sender(&self) -> Senders<Time> {
        Senders {
            twilio: Some(self.twilio()),
            end_user_messaging: self.end_user_messaging(),
            sns: (!self.live).then(|| Sns::new(&self.connection, SnsSettings::default())),
        }
    }

    fn notices(&self) -> NoticeSenders<Time> {
        NoticeSenders { twilio: self.twilio(), end_user_messaging: self.end_user_messaging() }
    }

    fn code_texts(&self) -> Twilio<Time> {
        self.twilio()
    }

    /// The switch is read every time: the parameter is on this machine, and the clock may stand still.
    fn switch(&self) -> ParameterSwitch<Time> {
        ParameterSwitch::new(
            &self.connection,
            "/afterword/sending",
            TimeDelta::zero(),
            Arc::clone(&self.clock),
        )
    }

    fn randomness(&self) -> SystemRandomness {
        SystemRandomness
    }

    fn clock(&self) -> Time {
        Arc::clone(&self.clock)
    }

    fn public_url(&self) -> Option<String> {
        Some(self.keys.public_url.clone())
    }
}
