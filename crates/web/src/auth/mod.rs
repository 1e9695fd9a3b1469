//! Who is asking: owners with sessions, machines with API keys, and the one-time codes that let the first one in.
//!
//! The logic only; the pages are drawn elsewhere. What a page needs:
//!
//! - the extractor [`SessionUser`] in a handler's arguments: the owner, the shop and the form token, or a redirect
//!   to `/login`;
//! - in every form a hidden field `csrf` with [`SessionUser::csrf`]: [`guard_forms`] refuses a form without it;
//! - [`log_in`], [`log_in_with_code`], [`log_out`], [`set_up`] for the pages of those names.

mod codes;
mod forms;
mod keys;
mod password;
mod session;
mod words;

pub use codes::{SetUp, SetUpProblem, new_login_link, new_setup_code, set_up, setup_is_open};
pub(crate) use forms::comes_from_us;
pub use forms::{CSRF_FIELD, guard_forms};
pub use keys::{KEY_PREFIX, KeyHolder, NewKey, VENDOR_HEADER, create_key};
pub use password::{PASSWORD_CHARS_MIN, hash_password};
pub use session::{LogIn, LogInProblem, SessionUser, log_in, log_in_with_code, log_out};
