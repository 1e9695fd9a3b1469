//! What is printed about messages.

use crate::console::{Paper, printable};
use anyhow::Result;
use ipnd_gateways::RawRequest;
use ipnd_sandbox::player::{Fault, Hearing, Report};
use serde_json::json;
use std::io::{self, Write as _};
use url::Url;

/// How much of a reply is shown, in characters.
const REPLY_CHARS_MAX: usize = 300;
/// Where a request goes that is only written.
const NOWHERE: &str = "http://shop.example/in/TOKEN";

pub(super) fn reports(reports: &[Report], as_json: bool) -> Result<()> {
    let paper = Paper::new();
    if as_json {
        paper.print(&serde_json::to_string_pretty(&json!({ "messages": reports }))?);
        return Ok(());
    }
    for report in reports {
        paper.print(&paper.bold(&printable(&head(report))));
        if let Some(request) = &report.request {
            let query = if request.query.is_empty() { "" } else { "?" };
            let line = format!(
                "{} {}{query}{} ({} bytes)",
                request.method,
                report.url,
                request.query,
                request.body.len()
            );
            paper.print(&printable(&format!("  sent     {line}")));
        }
        for hearing in &report.hearings {
            paper.print(&printable(&format!("  reply    {}", reply(hearing))));
        }
        paper.print(&printable(&format!("  verdict  {}", verdict(report))));
    }
    Ok(())
}

fn head(report: &Report) -> String {
    let mut words = vec![format!("{} tells {}", report.gateway, report.event.word())];
    words.extend(report.amount.map(|amount| amount.to_string()));
    words.extend(report.order.as_ref().map(|order| format!("order {order}")));
    words.extend(report.transaction.as_ref().map(|id| format!("transaction {id}")));
    words.extend(report.parent.as_ref().map(|id| format!("of {id}")));
    words.extend(report.subscription.as_ref().map(|id| format!("subscription {id}")));
    words.extend(report.case.as_ref().map(|id| format!("dispute {id}")));
    words.extend(report.fault.map(|fault| format!("fault {}", fault.word())));
    words.join(", ")
}

fn reply(hearing: &Hearing) -> String {
    let body = hearing.body.as_deref().unwrap_or_default();
    let short: String = body.chars().take(REPLY_CHARS_MAX).collect();
    let rest = if short.len() < body.len() { "..." } else { "" };
    match (hearing.status, &hearing.error) {
        (Some(status), _) if short.is_empty() => format!("{status}, empty"),
        (Some(status), _) => format!("{status}: {short}{rest}"),
        (None, error) => format!("none: {}", error.as_deref().unwrap_or("no answer")),
    }
}

/// Whether every reply was right, and none was heard.
pub(super) fn is_ignored(report: &Report) -> bool {
    let is_right = !report.hearings.is_empty() && report.hearings.iter().all(|hearing| hearing.is_content);
    report.fault == Some(Fault::ReplyIgnored) && is_right
}

/// Whether the gateway would be content.
fn verdict(report: &Report) -> String {
    let wants = report.wanted.as_ref().map(|wanted| match wanted.body.as_str() {
        "" => format!("status {}", wanted.statuses),
        body => format!("status {} and exactly: {body}", wanted.statuses),
    });
    let wants = wants.unwrap_or_else(|| "an answer".to_owned());
    if is_ignored(report) {
        return "the reply was as wanted each time, and ignored on purpose".to_owned();
    }
    match report.state.as_str() {
        "content" => "content: the gateway has heard what it wants to hear".to_owned(),
        "lost" => "lost on purpose: it was never sent".to_owned(),
        "given_up" => format!("not content: it wants {wants}"),
        "repeating" => format!("not content, and will send it again: it wants {wants}"),
        _ => "not sent yet".to_owned(),
    }
}

/// Writes requests as they would go over the wire.
pub(super) fn raw(requests: &[RawRequest], to: Option<&str>) -> Result<()> {
    let url = Url::parse(to.unwrap_or(NOWHERE))?;
    let mut out = io::stdout().lock();
    for request in requests {
        let query = [url.query().unwrap_or_default(), &request.query];
        let query = query.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let mut head = format!("{} {}{mark}{query} HTTP/1.1\r\nhost: {host}\r\n", request.method, url.path());
        for (name, value) in &request.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", request.body.len()));
        out.write_all(head.as_bytes())?;
        out.write_all(&request.body)?;
        out.write_all(b"\r\n")?;
    }
    out.flush()?;
    Ok(())
}
