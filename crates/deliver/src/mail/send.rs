//! One conversation with the mail server about one message.

use super::{Letter, MailConfig, connect};
use crate::client::Client;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailParameter};
use std::time::Duration;
use tokio::time::timeout;

/// How long everything up to the message itself may take.
const OPENING: Duration = Duration::from_secs(30);

/// How long the server may take to accept the message. Long, because giving up here leaves a doubt.
const MESSAGE: Duration = Duration::from_secs(120);

const FAREWELL: Duration = Duration::from_secs(5);

/// Why a message was not handed over, told apart by what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The server cannot be used at present; it says nothing about this message. Wait for it, however long.
    #[error("the mail server cannot be used: {0}")]
    Unusable(String),
    /// The server does not take this message now (4xx).
    #[error("the mail server does not take it now: {0}")]
    NotNow(String),
    /// The server will never take this message (5xx).
    #[error("the mail server refuses it: {0}")]
    Never(String),
    /// The message was sent and the answer did not come: it may or may not arrive.
    #[error("the mail server did not say whether it took it: {0}")]
    Doubtful(String),
}

impl SendError {
    pub(super) fn unusable(error: impl std::error::Error) -> Self {
        Self::Unusable(with_sources(&error))
    }

    /// A reply about the message: its class decides. Anything but a reply is about the connection.
    fn about_message(error: &SmtpError) -> Self {
        let text = with_sources(error);
        if error.is_permanent() {
            Self::Never(text)
        } else if error.is_transient() {
            Self::NotNow(text)
        } else {
            Self::Unusable(text)
        }
    }

    fn after_message(error: &SmtpError) -> Self {
        match Self::about_message(error) {
            Self::Unusable(text) => Self::Doubtful(text),
            other => other,
        }
    }
}

/// An error and what caused it, in one line.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// Hands a message to the mail server.
///
/// # Errors
/// [`SendError`]; only [`SendError::Doubtful`] leaves open whether the message was taken.
pub async fn send(client: &Client, config: &MailConfig, letter: &Letter) -> Result<(), SendError> {
    let mut connection = timeout(OPENING, open(client, config, letter))
        .await
        .map_err(|_| SendError::Unusable("it took too long".into()))??;
    let taken = timeout(MESSAGE, connection.message(&letter.formatted())).await;
    let result = match taken {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(SendError::after_message(&error)),
        Err(_) => Err(SendError::Doubtful("it took too long".into())),
    };
    // The result stands; nobody waits for good manners.
    tokio::spawn(async move {
        let _ = timeout(FAREWELL, connection.quit()).await;
    });
    result
}

/// Everything up to the server's "go ahead" for the message.
async fn open(
    client: &Client,
    config: &MailConfig,
    letter: &Letter,
) -> Result<AsyncSmtpConnection, SendError> {
    let mut connection = connect::connect(client, config).await?;
    if let (Some(username), Some(password)) = (&config.username, &config.password) {
        let credentials = Credentials::new(username.clone(), password.clone());
        connection
            .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
            .await
            .map_err(SendError::unusable)?;
    }
    let mut options = Vec::new();
    if !letter.to.to_string().is_ascii() || !letter.from.to_string().is_ascii() {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(SendError::Never("it cannot send to an address with letters beyond ASCII".into()));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    // A refused sender is a matter of configuration, not of this message: it waits until that is mended.
    connection.command(Mail::new(Some(letter.from.clone()), options)).await.map_err(SendError::unusable)?;
    connection
        .command(Rcpt::new(letter.to.clone(), Vec::new()))
        .await
        .map_err(|error| SendError::about_message(&error))?;
    connection.command(Data).await.map_err(|error| SendError::about_message(&error))?;
    Ok(connection)
}
