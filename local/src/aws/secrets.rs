//! Secrets Manager, with a single secret.

use serde_json::{Value, json};

use crate::runtime::aws_error::AwsError;
use crate::store::keys::Keys;

const NAME: &str = "afterword";
const ARN: &str = "arn:aws:secretsmanager:us-east-1:000000000000:secret:afterword-local1";
/// The ARN without the six characters that AWS appends, which is accepted too.
const PARTIAL_ARN: &str = "arn:aws:secretsmanager:us-east-1:000000000000:secret:afterword";

/// The secret `afterword` as a JSON text.
pub struct Secrets(String);

impl Secrets {
    /// Creates the secret from these keys.
    #[must_use]
    pub fn new(keys: &Keys) -> Self {
        Self(keys.secret_document().to_string())
    }

    /// Answers `GetSecretValue` as Secrets Manager does.
    pub(super) fn get(&self, request: &Value) -> Result<Value, AwsError> {
        match request.get("SecretId").and_then(Value::as_str) {
            None => Err(AwsError::new("InvalidParameterException", "SecretId is required.")),
            Some(NAME | ARN | PARTIAL_ARN) => Ok(json!({
                "ARN": ARN,
                "CreatedDate": 0,
                "Name": NAME,
                "SecretString": self.0,
                "VersionId": "00000000-0000-4000-8000-000000000001",
                "VersionStages": ["AWSCURRENT"],
            })),
            Some(_) => Err(AwsError::new(
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret.",
            )),
        }
    }
}
