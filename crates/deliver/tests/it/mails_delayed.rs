use crate::peer_smtp::{SmtpPeer, Step};
use crate::world::{World, config, policy, until};
use ipnd_store::MailState;
use jiff::SignedDuration;
use mailparse::MailHeaderMap as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn a_mail_server_that_is_down_delays_mails_and_loses_none() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut orders = Vec::new();
    for number in 0..20 {
        orders.push(world.order_with_mail(&format!("mail {number}")).await);
    }
    let workers = world.workers(Some(config(address)), policy(&[]));
    for order in &orders {
        let line = world.mail_reason(order, "smtp_temporary").await;
        assert_eq!(line.state, MailState::Waiting);
        let pause = line.next_at.unwrap().duration_since(world.clock.now());
        assert!((24..=36).contains(&pause.as_secs()), "about half a minute: {pause:?}");
    }
    // Days later it is back.
    world.clock.advance(SignedDuration::from_hours(24 * 10));
    let peer = SmtpPeer::on(TcpListener::bind(address).await.unwrap(), |_, _| Step::Proceed);
    for order in &orders {
        world.mail_is_sent(order).await;
    }
    workers.stop().await;
    assert_eq!(peer.messages().len(), orders.len(), "each exactly once");
}

#[tokio::test]
async fn refusals_are_told_apart_by_what_they_are_about() {
    let cases = [
        // About the server or its configuration: wait.
        ("CONNECT", "421 too busy", MailState::Waiting, "smtp_temporary"),
        ("CONNECT", "554 not you", MailState::Waiting, "smtp_temporary"),
        ("EHLO", "550 no", MailState::Waiting, "smtp_temporary"),
        ("MAIL", "530 log in first", MailState::Waiting, "smtp_temporary"),
        // About this message.
        ("RCPT", "450 mailbox busy", MailState::Waiting, "smtp_temporary"),
        ("RCPT", "550 no such user", MailState::Failed, "smtp_permanent"),
        ("DATA", "451 later", MailState::Waiting, "smtp_temporary"),
        ("DOT", "452 full", MailState::Waiting, "smtp_temporary"),
        ("DOT", "554 looks like spam", MailState::Failed, "smtp_permanent"),
    ];
    for (step, reply, state, code) in cases {
        let peer =
            SmtpPeer::planned(move |_, at| if at == step { Step::Say(reply) } else { Step::Proceed }).await;
        let world = World::new().await;
        let order = world.order_with_mail("x").await;
        let workers = world.mailing(&peer);
        let line = world.mail_reason(&order, code).await;
        workers.stop().await;
        assert_eq!(line.state, state, "{step} {reply}");
        assert!(line.last_reason.unwrap().detail.contains(&reply[4..]), "the owner hears the server's words");
        assert!(peer.messages().is_empty());
    }
}

/// The connection dies after the message and before the answer: one repeat, with the same Message-ID, then no more.
#[tokio::test]
async fn t_e07_the_doubt_around_the_final_dot() {
    for second_is_heard in [true, false] {
        let peer = SmtpPeer::planned(move |connection, at| match at {
            "DOT" if connection == 0 || !second_is_heard => Step::HangUp,
            _ => Step::Proceed,
        })
        .await;
        let world = World::new().await;
        let order = world.order_with_mail("x").await;
        let workers = world.mailing(&peer);
        until("the first attempt has ended", async || (peer.messages().len() == 1).then_some(())).await;
        let line = until("there is no doubt left", async || {
            // Beyond the lease, as soon as the worker has noticed that nobody is there any more.
            world.clock.advance(SignedDuration::from_mins(6));
            let line = world.mail(&order).await;
            (line.state != MailState::Waiting).then_some(line)
        })
        .await;
        if second_is_heard {
            assert_eq!((line.state, line.is_doubtful), (MailState::Sent, true), "it may have come twice");
        } else {
            let reason = line.last_reason.map(|reason| reason.code);
            assert_eq!((line.state, reason.as_deref()), (MailState::Failed, Some("attempt_interrupted")));
        }
        workers.stop().await;
        let ids: Vec<_> = peer
            .messages()
            .iter()
            .map(|message| {
                mailparse::parse_mail(message).unwrap().headers.get_first_value("Message-ID").unwrap()
            })
            .collect();
        assert_eq!(ids.len(), 2, "at most one repeat");
        assert_eq!(ids[0], ids[1]);
    }
}

#[tokio::test]
async fn without_a_mail_server_mails_wait_and_say_why() {
    let world = World::new().await;
    let order = world.order_with_mail("x").await;
    let workers = world.workers(None, policy(&[]));
    let line = world.mail_reason(&order, "mail_not_configured").await;
    assert_eq!(line.state, MailState::Waiting);
    assert_eq!(line.next_at.unwrap().duration_since(world.clock.now()), SignedDuration::from_mins(10));
    workers.stop().await;
    // Weeks later somebody sets one up.
    let peer = SmtpPeer::good().await;
    world.clock.advance(SignedDuration::from_hours(24 * 20));
    let workers = world.mailing(&peer);
    world.mail_is_sent(&order).await;
    workers.stop().await;
}

#[tokio::test]
async fn stopping_finishes_what_has_begun() {
    let world = World::new().await;
    let order = world.order_with_mail("x").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let workers = world.workers(Some(config(listener.local_addr().unwrap())), policy(&[]));
    // The test is the server, so it knows that the message is under way and not yet answered.
    let (mut stream, _) = listener.accept().await.unwrap();
    up_to_the_dot(&mut stream).await;
    let stopping = tokio::spawn(workers.stop());
    tokio::task::yield_now().await;
    assert!(!stopping.is_finished() && world.mail(&order).await.state == MailState::Waiting);
    stream.write_all(b"250 taken\r\n").await.unwrap();
    stopping.await.unwrap();
    assert_eq!(world.mail(&order).await.state, MailState::Sent);
    let later = world.order_with_mail("y").await;
    assert_eq!(world.mail(&later).await.attempts, 0, "nothing is claimed after it");
}

/// A lease is a matter of the clock; whether somebody is at it is not.
#[tokio::test]
async fn i_18_a_mail_that_is_being_handed_over_is_not_taken_up_again_when_the_clock_jumps_ahead() {
    let world = World::new().await;
    let order = world.order_with_mail("x").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let workers = world.workers(Some(config(listener.local_addr().unwrap())), policy(&[]));
    let (mut stream, _) = listener.accept().await.unwrap();
    up_to_the_dot(&mut stream).await;
    let others = SmtpPeer::on(listener, |_, _| Step::Proceed);
    for _ in 0..3 {
        let beyond_the_lease = SignedDuration::from_mins(6);
        world.clock.advance(beyond_the_lease);
        // Whatever is due is claimed together with this one, the oldest first.
        let later = world.order_with_mail("y").await;
        world.mail_is_sent(&later).await;
    }
    stream.write_all(b"250 taken\r\n").await.unwrap();
    let line = world.mail_is_sent(&order).await;
    workers.stop().await;
    assert_eq!((line.attempts, line.is_doubtful), (1, false));
    assert_eq!(others.messages().len(), 3, "it did not go out a second time");
}

/// The server's side of a conversation until the message is there and not yet answered.
async fn up_to_the_dot(stream: &mut TcpStream) {
    for (said, heard) in [
        ("220 peer", "EHLO"),
        ("250 peer", "MAIL"),
        ("250 fine", "RCPT"),
        ("250 fine", "DATA"),
        ("354 go ahead", "\r\n.\r\n"),
    ] {
        stream.write_all(format!("{said}\r\n").as_bytes()).await.unwrap();
        hear(stream, heard).await;
    }
}

/// Reads until `wanted` was said and the line it is in has ended.
async fn hear(stream: &mut TcpStream, wanted: &str) {
    let mut heard = String::new();
    while !(heard.contains(wanted) && heard.ends_with("\r\n")) {
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer).await.unwrap();
        assert!(length > 0, "hung up before {wanted:?}");
        heard.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
}
