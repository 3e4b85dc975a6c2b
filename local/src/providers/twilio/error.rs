//! The error responses of Twilio's REST API.

use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use crate::runtime::problem;

/// One of Twilio's errors. Its message never repeats the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TwilioError {
    status: u16,
    pub(super) code: u32,
    message: &'static str,
}

impl TwilioError {
    pub(super) const AUTHENTICATE: Self = Self::new(401, 20003, "Authenticate");
    pub(super) const NOT_FOUND: Self = Self::new(404, 20404, "The requested resource was not found");
    pub(super) const CONFLICT: Self = Self::new(409, 20409, "Conflict");
    pub(super) const TOO_MANY_REQUESTS: Self = Self::new(429, 20429, "Too Many Requests");
    pub(super) const INTERNAL: Self = Self::new(500, 20500, "Internal Server Error");
    pub(super) const UNAVAILABLE: Self = Self::new(503, 20503, "Service unavailable");
    pub(super) const INVALID_TO: Self = Self::new(400, 21211, "Invalid 'To' Phone Number");
    pub(super) const INVALID_FROM: Self = Self::new(400, 21212, "Invalid From Number (caller ID)");
    pub(super) const REGION: Self = Self::new(
        400,
        21408,
        "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    );
    pub(super) const BODY_MISSING: Self = Self::new(400, 21602, "Message body is required.");
    pub(super) const FROM_MISSING: Self = Self::new(400, 21603, "A 'From' phone number is required.");
    pub(super) const TO_MISSING: Self = Self::new(400, 21604, "A 'To' phone number is required.");
    pub(super) const NOT_OUR_NUMBER: Self =
        Self::new(400, 21606, "The From phone number is not a valid, SMS-capable inbound phone number");
    pub(super) const OPTED_OUT: Self = Self::new(400, 21610, "Attempt to send to unsubscribed recipient");
    pub(super) const QUEUE_FULL: Self =
        Self::new(400, 21611, "This 'From' number has exceeded the maximum number of queued messages");
    pub(super) const UNREACHABLE: Self = Self::new(400, 21612, "The 'To' phone number cannot be reached");
    pub(super) const NOT_MOBILE: Self = Self::new(400, 21614, "'To' number is not a valid mobile number");
    pub(super) const TOO_LONG: Self =
        Self::new(400, 21617, "The concatenated message body exceeds the 1600 character limit.");
    pub(super) const VARIABLES_ALONE: Self =
        Self::new(400, 21654, "ContentSid is required with ContentVariables");
    pub(super) const CHANNELS_DIFFER: Self =
        Self::new(400, 21910, "Invalid From and To pair. From and To should be of the same channel");

    const fn new(status: u16, code: u32, message: &'static str) -> Self {
        Self { status, code, message }
    }
}

impl From<TwilioError> for Response {
    fn from(error: TwilioError) -> Self {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({
            "code": error.code,
            "message": error.message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", error.code),
            "status": error.status,
        });
        problem::answer(status, "application/json", &body)
    }
}

impl From<rusqlite::Error> for TwilioError {
    fn from(error: rusqlite::Error) -> Self {
        tracing::error!(%error, "The simulated Twilio could not use its store");
        Self::INTERNAL
    }
}
