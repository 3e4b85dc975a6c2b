//! An empty library: this crate consists of its tests.
