//! Waiting for an ipnd that is away, with growing pauses.

use crate::api::Trouble;
use std::time::Duration;
use tokio::sync::watch;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(15);

/// Ready when the person at the keyboard has had enough; may be asked any number of times.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    pub(crate) fn on(stop: impl Future<Output = ()> + Send + 'static) -> Self {
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            stop.await;
            let _ = sender.send(true);
        });
        Self(receiver)
    }

    pub(crate) async fn wait(&mut self) {
        if self.0.wait_for(|is_over| *is_over).await.is_err() {
            // Nobody can say so any more.
            std::future::pending().await
        }
    }
}

#[derive(Default)]
pub(crate) struct Patience {
    pause: Option<Duration>,
}

impl Patience {
    /// Waits a little longer than the time before. `say` hears once why.
    ///
    /// # Errors
    /// The trouble, when waiting does not help.
    pub(crate) async fn bear(&mut self, trouble: Trouble, say: impl FnOnce(&str)) -> Result<(), Trouble> {
        let Trouble::Away(why) = &trouble else { return Err(trouble) };
        let pause = match self.pause {
            None => {
                say(why);
                FIRST
            }
            Some(before) => (before * 2).min(LONGEST),
        };
        self.pause = Some(pause);
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// It answers. True when it had been away.
    pub(crate) fn is_back(&mut self) -> bool {
        self.pause.take().is_some()
    }
}
