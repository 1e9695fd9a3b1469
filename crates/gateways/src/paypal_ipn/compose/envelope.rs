//! What surrounds the content of every message.

use super::Composer;
use crate::RawRequest;
use crate::paypal::envelope::{posted, surround};
use data_encoding::HEXLOWER;

impl Composer<'_> {
    /// The same in every message, then the form in the account's charset and the headers of PayPal's sender.
    pub(super) fn request(mut self) -> RawRequest {
        let digest = surround(&mut self.fields, self.event, "3.9");
        self.put("ipn_track_id", self.track_id(&digest));
        posted(&self.fields)
    }

    /// Thirteen hexadecimal digits: those in the identity where they tell events apart, else derived.
    fn track_id(&self, digest: &[u8]) -> String {
        let last = self.event.identity.rsplit('/').next().unwrap_or_default();
        let is_track_id =
            (12..=13).contains(&last.len()) && last.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_track_id { last.to_owned() } else { HEXLOWER.encode(digest)[..13].to_owned() }
    }
}
