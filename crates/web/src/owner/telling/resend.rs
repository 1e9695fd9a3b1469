//! Sending anew: one delivery by its button, many by a form that counts first and then asks.

use super::super::failure::Failure;
use super::super::fields::Fields;
use super::super::frame::{Frame, Section};
use super::super::visit::{Visit, done};
use super::super::words::Words;
use super::DELIVERIES;
use super::deliveries::{Choice, endpoint_choices, state_choices};
use super::row::state_name;
use crate::page;
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ipnd_store::{DeliveryFilter, DeliveryId, DeliveryState, Endpoint, EndpointId, Resend, Resent};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The form, for the template `owner/telling/resend_form.html`.
pub(super) struct ResendForm {
    pub(super) endpoints: Vec<Choice>,
    pub(super) states: Vec<Choice>,
    pub(super) since: String,
    pub(super) fills_in: bool,
    pub(super) problem: Option<String>,
}

impl ResendForm {
    /// What is mostly meant: all that was given up.
    pub(super) fn usual(endpoints: &[Endpoint], endpoint: Option<EndpointId>, words: Words) -> Self {
        Self {
            endpoints: endpoint_choices(endpoints, endpoint, words),
            states: state_choices(Some(DeliveryState::Failed), words),
            since: String::new(),
            fills_in: false,
            problem: None,
        }
    }
}

#[derive(Template)]
#[template(path = "owner/telling/resend.html")]
struct ResendPage {
    page: Frame,
    resend: ResendForm,
    counted: Option<Counted>,
}

/// What would be sent, to be agreed to.
struct Counted {
    /// What was asked for, in words.
    asked: Vec<(String, String)>,
    sentences: Vec<String>,
    /// The same wishes again, for the second button.
    fields: Vec<(&'static str, String)>,
    is_nothing: bool,
}

/// What the form asks for.
struct Asked {
    endpoint: Option<EndpointId>,
    state: Option<DeliveryState>,
    since: Option<Timestamp>,
    fills_in: bool,
}

/// `POST /owner/deliveries/resend`: counts; with `sure`, does it.
pub(super) async fn many(visit: Visit, fields: Fields) -> Result<Response, Failure> {
    let words = visit.words;
    let store = &visit.app.store;
    let endpoints = store.endpoints(visit.shop_id()).await?;
    let since = time(fields.get("since"));
    let asked = Asked {
        endpoint: fields.get("endpoint").parse().ok(),
        state: DeliveryState::from_word(fields.get("state")),
        since: since.ok().flatten(),
        fills_in: fields.is_set("fill_in"),
    };
    let problem = match since {
        Err(()) => Some("deliveries.resend_problem_since"),
        Ok(_) if asked.fills_in && (asked.endpoint.is_none() || asked.since.is_none()) => {
            Some("deliveries.resend_problem_fill_in")
        }
        Ok(_) if asked.endpoint.is_none() && asked.since.is_none() && asked.state.is_none() => {
            Some("deliveries.resend_problem_all")
        }
        Ok(_) => None,
    };
    let mut shown = ResendPage {
        page: visit.frame(Section::Endpoints).await?,
        resend: ResendForm {
            endpoints: endpoint_choices(&endpoints, asked.endpoint, words),
            states: state_choices(asked.state, words),
            since: fields.get("since").to_owned(),
            fills_in: asked.fills_in,
            problem: problem.map(|key| words.t(key)),
        },
        counted: None,
    };
    if problem.is_some() {
        return Ok(page::html(StatusCode::UNPROCESSABLE_ENTITY, &shown));
    }
    let is_sure = fields.is_set("sure");
    let resent = store.resend(visit.shop_id(), what(&asked, !is_sure), visit.now()).await?;
    if is_sure {
        let is_nothing = resent == Resent::default();
        return Ok(done(DELIVERIES, if is_nothing { "not_resent" } else { "resent" }));
    }
    shown.counted = Some(counted(&asked, resent, &endpoints, words));
    Ok(page::html(StatusCode::OK, &shown))
}

fn what(asked: &Asked, is_dry: bool) -> Resend {
    let filter = DeliveryFilter {
        endpoint: asked.endpoint,
        state: asked.state,
        since: asked.since,
        ..DeliveryFilter::default()
    };
    Resend { ids: Vec::new(), filter, fills_in: asked.fills_in, is_dry }
}

fn counted(asked: &Asked, resent: Resent, endpoints: &[Endpoint], words: Words) -> Counted {
    let all = || words.t("word.all");
    let name = |id: EndpointId| {
        let known = endpoints.iter().find(|endpoint| endpoint.id == id);
        known.map_or_else(|| id.to_string(), |endpoint| endpoint.plan.name.clone())
    };
    let mut told = vec![
        (words.t("deliveries.endpoint"), asked.endpoint.map_or_else(all, name)),
        (words.t("deliveries.state"), asked.state.map_or_else(all, |state| state_name(state, words))),
    ];
    told.extend(asked.since.map(|since| (words.t("deliveries.since"), words.at(since))));
    let mut sentences = vec![words.with("deliveries.resend_again", "count", resent.again)];
    if asked.fills_in {
        sentences.push(words.with("deliveries.resend_new", "count", resent.new));
    }
    let mut fields = vec![
        ("endpoint", asked.endpoint.map(|id| id.to_string()).unwrap_or_default()),
        ("state", asked.state.map(DeliveryState::word).unwrap_or_default().to_owned()),
        ("since", asked.since.map(|since| since.to_string()).unwrap_or_default()),
    ];
    if asked.fills_in {
        fields.push(("fill_in", "yes".to_owned()));
    }
    Counted { asked: told, sentences, fields, is_nothing: resent == Resent::default() }
}

/// A time as browsers write it, or with its zone; without one it is UTC, as all times of these pages.
fn time(text: &str) -> Result<Option<Timestamp>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Some(at));
    }
    let at: DateTime = text.parse().map_err(|_| ())?;
    at.to_zoned(TimeZone::UTC).map(|at| Some(at.timestamp())).map_err(|_| ())
}

/// `POST /owner/deliveries/{id}/resend`
pub(super) async fn one(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let id: DeliveryId = id.parse().map_err(|_| Failure::NotFound)?;
    let store = &visit.app.store;
    if store.delivery(visit.shop_id(), id).await?.is_none() {
        return Err(Failure::NotFound);
    }
    let what = Resend { ids: vec![id], ..Resend::default() };
    let resent = store.resend(visit.shop_id(), what, visit.now()).await?;
    Ok(done(&format!("{DELIVERIES}/{id}"), if resent.again > 0 { "resent" } else { "not_resent" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_browsers_and_people_write_them() {
        let expected: Timestamp = "2026-11-03T10:15:00Z".parse().unwrap();
        for text in
            ["2026-11-03T10:15", "2026-11-03 10:15", "2026-11-03T10:15:00Z", "2026-11-03T11:15:00+01:00"]
        {
            assert_eq!(time(text), Ok(Some(expected)), "{text}");
        }
        assert_eq!(time(""), Ok(None));
        assert!(time("2026-11-03").is_ok_and(|at| at.is_some_and(|at| at < expected)));
        for wrong in ["yesterday", "10:15", "2026-13-01", "<b>"] {
            assert_eq!(time(wrong), Err(()), "{wrong}");
        }
    }
}
