//! What the simulated AWS charges for a text, in US dollars.

use crate::providers::outbox::Text;

/// AWS's own examples of a text in the USA, for each part; elsewhere a price that no list of ours expects.
const USA: Price = Price { message: 0.005_81, carrier: 0.003_02 };
const ELSEWHERE: Price = Price { message: 0.060_87, carrier: 0.0 };

/// The price of a text, and the carrier's fee beside it.
#[derive(Clone, Copy)]
pub(super) struct Price {
    pub(super) message: f64,
    pub(super) carrier: f64,
}

/// What a text costs; one that the carrier was never given costs nothing.
pub(super) fn price(text: &Text) -> Price {
    if text.failure.is_some() {
        return Price { message: 0.0, carrier: 0.0 };
    }
    let Price { message, carrier } = if text.to.starts_with("+1") { USA } else { ELSEWHERE };
    let parts = f64::from(text.segments);
    Price { message: message * parts, carrier: carrier * parts }
}
