//! Building blocks that gateways share.
//!
//! | block | what it is for |
//! |---|---|
//! | [`form`] | reading a form body without changing a byte of it |
//! | [`charset`] | turning bytes into text, whatever the sender calls its charset |
//! | [`dates`] | every form of date that PayPal has been seen to send |
//! | [`verified`] | the value without which nothing may be interpreted |
//! | [`postback`] | proof by asking the sender: the question and the strict reading of its answer |

pub mod charset;
pub mod dates;
pub mod form;
pub mod postback;
pub mod verified;
