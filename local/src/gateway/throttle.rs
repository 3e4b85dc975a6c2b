//! API Gateway's throttling, with a token bucket for each route.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::gateway::template::Route;

/// The buckets of all routes, which fill as the local clock passes.
#[derive(Default)]
pub(super) struct Buckets(Mutex<HashMap<String, Bucket>>);

struct Bucket {
    tokens: f64,
    filled: DateTime<Utc>,
}

impl Buckets {
    /// Takes a token from the bucket of a route. Returns false when the bucket is empty.
    pub(super) fn take(&self, route: &Route, now: DateTime<Utc>) -> bool {
        let limit = route.throttle();
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(route.key()).or_insert(Bucket { tokens: limit.burst, filled: now });
        let passed = (now - bucket.filled).as_seconds_f64().max(0.0);
        bucket.tokens = (bucket.tokens + passed * limit.rate).min(limit.burst);
        bucket.filled = bucket.filled.max(now);
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}
