//! Finding the contacts that have an e-mail address or a phone number.

use futures_util::future::try_join;
use integrations_core::email::EmailAddress;
use integrations_core::model::Contact;
use integrations_core::phone::PhoneNumber;

use super::contacts::to_model;
use crate::contacts::{self, Filter};
use crate::{ErrorKind, Location, Result};

/// The longest text that the search compares with.
const LONGEST_TEXT: usize = 75;

/// More twins than anybody has; a page that is full holds enough to see that it is not clear which one is meant.
const MOST: u32 = 20;

integrations_core::object! {
    /// The answer of the duplicate check.
    struct Duplicate {
        /// The contact, if there is one.
        contact: Option<contacts::Contact> = "contact",
    }
}

/// Asks the two places that know, each of which alone is not enough: the search finds every contact, but not one that
/// was written seconds ago; the duplicate check knows that one, but names only one. What the search alone has found is
/// read again, since it may be deleted or changed meanwhile.
pub(super) async fn find(
    location: &Location,
    email: Option<&EmailAddress>,
    phone: Option<&PhoneNumber>,
) -> Result<Vec<Contact>> {
    if email.is_none() && phone.is_none() {
        return Ok(Vec::new());
    }
    let (known, listed) = try_join(
        duplicate(location, email, phone),
        search(location, email, phone),
    )
    .await?;
    let mut found: Vec<contacts::Contact> = known.into_iter().collect();
    for hit in listed {
        if found.iter().any(|known| known.id == hit.id) {
            continue;
        }
        match location.contacts().get(&hit.id).send().await {
            Ok(contact) if has(&contact, email, phone) => found.push(contact),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found.into_iter().map(to_model).collect())
}

/// One call with both: which of the two counts is a setting of the location.
async fn duplicate(
    location: &Location,
    email: Option<&EmailAddress>,
    phone: Option<&PhoneNumber>,
) -> Result<Option<contacts::Contact>> {
    let mut call = location.contacts().get_duplicate_contact();
    let request = call.request_mut();
    request.email = email.map(|email| email.as_str().to_owned());
    request.number = phone.map(|phone| phone.as_str().to_owned());
    let answer = call.send().await?;
    if answer.is_empty() {
        return Ok(None);
    }
    Ok(answer.json::<Duplicate>()?.contact)
}

async fn search(
    location: &Location,
    email: Option<&EmailAddress>,
    phone: Option<&PhoneNumber>,
) -> Result<Vec<contacts::Contact>> {
    let mut any = Vec::new();
    // The whole address or nothing: a part of it is another one.
    if let Some(email) = email.filter(|email| email.as_str().chars().count() <= LONGEST_TEXT) {
        let (written, lower) = (email.as_str().to_owned(), email.normalized());
        if written != lower {
            any.push(Filter::eq("email", written));
        }
        any.push(Filter::eq("email", lower));
    }
    any.extend(phone.map(|phone| Filter::eq("phone", phone.as_str())));
    if any.is_empty() {
        return Ok(Vec::new());
    }
    let call = location.contacts().search().page_limit(MOST);
    Ok(call.filter(Filter::any(any)).send().await?.contacts)
}

/// Whether it has the address or the number now.
fn has(
    contact: &contacts::Contact,
    email: Option<&EmailAddress>,
    phone: Option<&PhoneNumber>,
) -> bool {
    let own = contact.email.as_ref().map(|own| own.trim().to_lowercase());
    let same_email = email.is_some_and(|email| own == Some(email.normalized()));
    let own = contact.phone.as_deref();
    let own = own.and_then(|own| PhoneNumber::from_e164(own).ok());
    same_email || phone.is_some_and(|phone| own.as_ref() == Some(phone))
}
