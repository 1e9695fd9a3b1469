//! Verify before parse, by type.

use crate::{AskedAnswer, RawRequest};

/// Bytes that a verifier has found to be the gateway's own: the body of a request, or the answer of its API.
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
pub struct Verified<'a> {
    request: &'a RawRequest,
    body: &'a [u8],
}

impl<'a> Verified<'a> {
    /// To be called by verifiers, after they have verified.
    pub(in crate::kit) fn by_verifier(request: &'a RawRequest) -> Self {
        Self { request, body: &request.body }
    }

    /// To be called when the gateway's own API has answered a question about this request.
    pub(in crate::kit) fn by_answer(request: &'a RawRequest, answer: &'a AskedAnswer) -> Self {
        Self { request, body: &answer.body }
    }

    /// To be called when the request holds content that only somebody with the key could have written there.
    pub(in crate::kit) fn by_content(request: &'a RawRequest, content: &'a [u8]) -> Self {
        Self { request, body: content }
    }

    /// What was proved.
    #[must_use]
    pub fn body(self) -> &'a [u8] {
        self.body
    }

    /// The request it came with. Its headers and its query are proved only as far as the mechanism covers them.
    #[must_use]
    pub fn request(self) -> &'a RawRequest {
        self.request
    }
}
