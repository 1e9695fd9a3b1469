//! From a request to its worth: proof by post-back, then interpretation.

use super::{fields, interpret};
use crate::paypal::postback::Messages;
use crate::{AskedAnswer, RawRequest, Received, Resumed, Settings};
use jiff::Timestamp;

const MESSAGES: Messages =
    Messages { is_known: fields::is_known, interpret: |verified, _| interpret::interpret(verified) };

pub(super) fn receive(request: &RawRequest, settings: &Settings, _: Timestamp) -> Received {
    MESSAGES.receive(request, settings)
}

pub(super) fn resume(
    request: &RawRequest,
    settings: &Settings,
    answers: &[AskedAnswer],
    _: Timestamp,
) -> Resumed {
    MESSAGES.resume(request, settings, answers)
}
