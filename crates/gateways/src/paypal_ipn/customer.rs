//! The customer in PayPal's variables, both ways.

use super::message::Message;
use ipnd_core::Customer;

pub(super) fn read(message: &Message) -> Customer {
    Customer {
        name: name(message),
        email: message.text("payer_email"),
        phone: message.text("contact_phone"),
        address: address(message),
        country: message.first(&["address_country_code", "residence_country"]),
    }
}

/// The person's own name; where there is none, whoever the goods go to or the business that pays.
fn name(message: &Message) -> Option<String> {
    let own: Vec<&str> = ["first_name", "last_name"].iter().filter_map(|part| message.get(part)).collect();
    [Some(own.join(" ").as_str()), message.get("address_name"), message.get("payer_business_name")]
        .into_iter()
        .flatten()
        .map(str::trim)
        .find(|name| !name.is_empty())
        .map(str::to_owned)
}

/// The address as it is written on a parcel. A street may have several lines.
fn address(message: &Message) -> Vec<String> {
    let part = |name: &str| message.get(name).unwrap_or_default();
    let city = city_line(part("address_city"), part("address_state"), part("address_zip"));
    let parts = [part("address_name"), part("address_street"), &city, part("address_country")];
    lines(parts).map(str::to_owned).collect()
}

/// The lines of several texts, without blank ones.
fn lines<'a>(texts: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    texts.into_iter().flat_map(|text| text.split(['\r', '\n'])).map(str::trim).filter(|line| !line.is_empty())
}

/// `San Jose, CA 95131` where there is a state, `10115 Berlin` where there is none.
fn city_line(city: &str, state: &str, zip: &str) -> String {
    let some = |text: &'static str, part: &str| if part.is_empty() { "" } else { text };
    if state.is_empty() {
        format!("{zip}{}{city}", some(" ", zip))
    } else {
        format!("{city}{}{state}{}{zip}", some(", ", city), some(" ", zip))
    }
}

pub(super) fn write(customer: &Customer) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    let mut put = |name: &'static str, value: &str| {
        if !value.is_empty() {
            fields.push((name, value.to_owned()));
        }
    };
    let name = customer.name.as_deref().unwrap_or_default();
    let (first, last) = split_name(name);
    put("first_name", first);
    put("last_name", last);
    put("payer_email", customer.email.as_deref().unwrap_or_default());
    put("contact_phone", customer.phone.as_deref().unwrap_or_default());
    let country = customer.country.as_deref().unwrap_or_default();
    put("residence_country", country);

    let address: Vec<&str> = lines(customer.address.iter().map(String::as_str)).collect();
    let (recipient, street, city, land) = match address.as_slice() {
        [] => return fields,
        [street] => ("", vec![*street], "", ""),
        [street, city] => ("", vec![*street], *city, ""),
        [street, city, land] => ("", vec![*street], *city, *land),
        [recipient, street @ .., city, land] => (*recipient, street.to_vec(), *city, *land),
    };
    let (city, state, zip) = split_city_line(city);
    put("address_name", recipient);
    put("address_street", &street.join("\r\n"));
    put("address_city", city);
    put("address_state", state);
    put("address_zip", zip);
    put("address_country", land);
    put("address_country_code", country);
    fields
}

/// The last word is the family name.
pub(super) fn split_name(name: &str) -> (&str, &str) {
    name.rsplit_once(' ').unwrap_or((name, ""))
}

/// Undoes [`city_line`] where the line has one of its two forms; otherwise all of it is the city.
fn split_city_line(line: &str) -> (&str, &str, &str) {
    let american = line.rsplit_once(", ").and_then(|(city, rest)| {
        let (state, zip) = rest.rsplit_once(' ').filter(|(_, zip)| has_digit(zip))?;
        Some((city, state, zip))
    });
    let european =
        || line.split_once(' ').filter(|(zip, _)| has_digit(zip)).map(|(zip, city)| (city, "", zip));
    american
        .or_else(european)
        .filter(|(city, state, zip)| city_line(city, state, zip) == line)
        .unwrap_or((line, "", ""))
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}
