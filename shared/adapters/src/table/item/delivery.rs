//! A provider's report about a text, as it is stored.

use messaging::conversation::delivery::Delivery;
use serde::{Deserialize, Serialize};

/// A delivery with the rank of its status, so that conditions can compare it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DeliveryItem {
    #[serde(flatten)]
    pub(super) delivery: Delivery,
    #[serde(default)]
    rank: u8,
}

impl From<&Delivery> for DeliveryItem {
    fn from(delivery: &Delivery) -> Self {
        Self { delivery: delivery.clone(), rank: delivery.status.rank() }
    }
}
