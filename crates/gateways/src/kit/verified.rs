//! Verify before parse, by type.

use crate::RawRequest;

/// A request that a verifier has found to be the gateway's own.
///
/// Interpretation takes this and not the request, and only the verifiers in this kit can make one, so content of a
/// message that nobody has proved cannot be read by mistake:
///
/// ```compile_fail,E0624
/// use ipnd_gateways::{RawRequest, kit::verified::Verified};
/// let request = RawRequest { method: "POST".into(), query: String::new(), headers: vec![], body: vec![] };
/// let verified = Verified::by_verifier(&request); // private to the kit's verifiers
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Verified<'a>(&'a RawRequest);

impl<'a> Verified<'a> {
    /// To be called by verifiers, after they have verified.
    pub(in crate::kit) fn by_verifier(request: &'a RawRequest) -> Self {
        Self(request)
    }

    #[must_use]
    pub fn body(self) -> &'a [u8] {
        &self.0.body
    }
}
