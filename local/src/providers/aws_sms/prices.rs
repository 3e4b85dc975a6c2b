//! The prices of texts in the simulated AWS, in US dollars.

use crate::providers::outbox::Text;

/// AWS's examples for each part of a text in the USA; elsewhere a price that no price list of ours has.
const USA: Price = Price { message: 0.005_81, carrier: 0.003_02 };
const ELSEWHERE: Price = Price { message: 0.060_87, carrier: 0.0 };

/// The price of a text, and the carrier's fee.
#[derive(Clone, Copy)]
pub(super) struct Price {
    pub(super) message: f64,
    pub(super) carrier: f64,
}

/// Returns the price of a text. A text that never reached the carrier costs nothing.
pub(super) fn price(text: &Text) -> Price {
    if text.failure.is_some() {
        return Price { message: 0.0, carrier: 0.0 };
    }
    let Price { message, carrier } = if text.to.starts_with("+1") { USA } else { ELSEWHERE };
    let parts = f64::from(text.segments);
    Price { message: message * parts, carrier: carrier * parts }
}
