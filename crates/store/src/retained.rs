//! What can be deleted when it has been kept long enough.

/// What can be deleted when it has been kept long enough, by class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retained {
    /// Forged notifications, with everything about them.
    Forged,
    /// Notifications that nobody has ever proved, with everything about them.
    GivenUp,
    /// The requests of proved notifications, with what gateways answered about them. What they told stays.
    Proved,
    /// When copies of notifications came.
    Copies,
    /// The single looks at notifications.
    CheckAttempts,
    /// The single attempts to send mails. The mails stay.
    MailAttempts,
    /// Deliveries that have ended, with their attempts. What was told stays.
    Deliveries,
    /// Sessions that have ended or are worn out.
    Sessions,
}

impl Retained {
    pub const ALL: [Self; 8] = [
        Self::Forged,
        Self::GivenUp,
        Self::Proved,
        Self::Copies,
        Self::CheckAttempts,
        Self::MailAttempts,
        Self::Deliveries,
        Self::Sessions,
    ];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Forged => "forged",
            Self::GivenUp => "given_up",
            Self::Proved => "proved",
            Self::Copies => "copies",
            Self::CheckAttempts => "check_attempts",
            Self::MailAttempts => "mail_attempts",
            Self::Deliveries => "deliveries",
            Self::Sessions => "sessions",
        }
    }
}

/// What came of deleting a handful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgotten {
    pub count: u64,
    /// Where to go on, while there may be more.
    pub next: Option<i64>,
}
