//! The domain seen from outside: what an order's history means, in whatever sequence it is heard.

// The functions beside the tests build test data; there a panic is as good as an assertion.
#![allow(clippy::unwrap_used)]

mod attacks;
mod effects;
mod histories;
mod money;
mod random;
mod sentences;
mod sequences;
mod story;
mod words;
