//! The edge of the functions that API Gateway calls: what arrives is authenticated, measured and
//! parsed strictly; what leaves is JSON, or a problem that names every violation and echoes nothing.

pub mod answer;
pub mod auth;
pub mod fields;
pub mod json;
pub mod lambda_event;
pub mod problem;
pub mod recipient;
pub mod request;
pub mod response;
pub mod signature;
pub mod twilio_call;
pub mod violations;

pub use problem::Problem;
pub use request::Request;
pub use response::Response;
