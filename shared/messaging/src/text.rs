//! The words of a text: templates, their encoding and parts, and how they are made to fit.

pub mod dlt;
pub mod fit;
pub mod gsm7;
pub mod public_name;
pub mod segments;
pub mod template;
pub mod whatsapp_template;
