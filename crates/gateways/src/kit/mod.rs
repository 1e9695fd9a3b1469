//! Building blocks that gateways share.
//!
//! | block | what it is for |
//! |---|---|
//! | [`verified`] | the value without which nothing may be interpreted |
//! | [`watch`] | what verifiers looked at, for whoever tries a message out |
//! | [`mac`] | HMAC, and digests over a text that holds the secret |
//! | [`asymmetric`] | signatures that are checked with the gateway's public key |
//! | [`x509`] | certificates that messages name, and where they may be fetched |
//! | [`cipher`] | content that comes encrypted |
//! | [`signed_time`] | the window of a timestamp inside a signature |
//! | [`webhook_headers`] | the headers of Standard Webhooks |
//! | [`webhook_signing`] | what goes into them |
//! | [`postback`] | proof by asking the sender: the question and the strict reading of its answer |
//! | [`fetch`] | proof by fetching the thing that a notification only names |
//! | [`token`] | a shared token or password, which proves little |
//! | [`form`] | reading a form body without changing a byte of it |
//! | [`json`] | reading JSON without changing a digit of it |
//! | [`xml`] | reading XML, with limits and without entities |
//! | [`charset`] | turning bytes into text, whatever the sender calls its charset |
//! | [`amount`] | amounts in whole or smallest units, currencies in either case |
//! | [`currency_numbers`] | currencies by their ISO 4217 numbers |
//! | [`mapping`] | where a message says what, for senders described by a table |
//! | [`time`] | dates as most gateways write them |
//! | [`custom_data`] | the object that a shop passes along and gets back |
//! | [`dates`] | every form of date that PayPal has been seen to send |
//! | [`identity`] | what makes two messages the same news |
//! | [`reply`] | the replies that most gateways want to hear |
//! | [`found`] | events as they are found in a record, and why there are none |
//! | [`played`] | what the one who plays a gateway makes of the events it has told |
//! | [`common_settings`] | settings that several gateways have |

pub mod amount;
pub mod asymmetric;
pub mod charset;
pub mod cipher;
pub mod common_settings;
pub mod currency_numbers;
pub mod custom_data;
pub mod dates;
pub mod fetch;
pub mod form;
pub mod found;
pub mod identity;
pub mod json;
pub mod mac;
pub mod mapping;
pub mod played;
pub mod postback;
pub mod reply;
pub mod signed_time;
pub mod time;
pub mod token;
pub mod verified;
pub mod watch;
pub mod webhook_headers;
pub mod webhook_signing;
pub mod x509;
pub mod xml;
