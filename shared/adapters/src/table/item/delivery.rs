//! What a provider has reported, as it is stored: with its rank, so that conditions can compare it.

use messaging::conversation::delivery::Delivery;
use serde::{Deserialize, Serialize};

/// A delivery, flat.
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
