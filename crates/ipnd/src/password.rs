//! `ipnd password`: a way back in for an owner who has lost the password.
//!
//! It needs the database to itself, so whoever uses it can also stop ipnd: that is the proof of being the owner.

use crate::config::{self, Flags};
use crate::console::Paper;
use crate::{serve, server};
use anyhow::{Context as _, Result};
use ipnd_store::{Clock, token};
use ipnd_web::auth;

pub(crate) fn run(email: &str, flags: &Flags) -> Result<()> {
    let config = config::load(flags, std::env::vars())?;
    server::block_on(renew(email, &config))
}

async fn renew(email: &str, config: &config::Config) -> Result<()> {
    let store = serve::open(config)?;
    let user = store.user_by_email(email).await?;
    let user = user.with_context(|| format!("nobody logs in with the address {email} here"))?;
    let password = token::random();
    let hash = auth::hash_password(&password).await;
    store.set_password(user.id, &hash, Clock::system().now()).await?;
    store.close().await;
    let paper = Paper::new();
    paper.print(&format!("The new password of {email}, shown only now:\n\n    {}\n", paper.bold(&password)));
    Ok(())
}
