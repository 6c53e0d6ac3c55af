use async_trait::async_trait;
use integrations_core::Timestamp;
use integrations_core::email::EmailAddress;
use integrations_core::model::{Address, Channel, Contact, ExternalId, OptOuts};
use integrations_core::paging::Pages;
use integrations_core::phone::PhoneNumber;
use integrations_core::provider::ContactApi;

use super::{Connection, unsupported};
use crate::contacts::{self, UpsertContact, UpsertOutcome};
use crate::{Call, Error, ErrorKind, PROVIDER, Result};

/// An id here is the phone number in E.164 form: the one thing that a contact can be found by. Aloware's own id, which nothing
/// can be read by, is `aloware_id` in `extra`, and the id of a contact without such a number.
#[async_trait]
impl ContactApi for Connection {
    /// Only by a phone number in E.164 form.
    async fn get(&self, id: &ExternalId<Contact>) -> Result<Contact> {
        let phone = phone_of(id, "contacts.get")?;
        let found = self.client.contacts().find_by_phone(phone.as_str()).send();
        found.await.map(to_model)
    }

    fn list(&self, _: Option<Timestamp>) -> Pages<Contact> {
        Pages::new(None, |_| async {
            Err(unsupported(
                "contacts.list",
                "Aloware lists no contacts: learn of them by its webhooks, or look one up by phone number",
            ))
        })
    }

    fn lists(&self) -> bool {
        false
    }

    async fn create(&self, contact: &Contact) -> Result<Contact> {
        let call = self
            .written("contacts.create", contact)?
            .force_update(false);
        let written = call.send_and_find().await?;
        match written.outcome {
            UpsertOutcome::AlreadyExists => Err(Error::new(
                ErrorKind::Conflict,
                "a contact with this phone number exists: use upsert",
            )
            .with_code("contact_exists")
            .with_provider(PROVIDER)
            .with_operation("contacts.create")),
            _ => found(written.contact),
        }
    }

    /// The provider updates by phone number, so the record must have one; it is looked up first, and when it is another
    /// contact's than `id` says, nothing is written. A change of the phone number itself is not possible and refused. When
    /// nothing is left that the provider can write, nothing is.
    async fn update(&self, id: &ExternalId<Contact>, contact: &Contact) -> Result<Contact> {
        let mut named = contact.clone();
        if let Ok(phone) = PhoneNumber::from_e164(id.as_str()) {
            if named.phone.as_ref().is_some_and(|other| *other != phone) {
                return Err(Error::new(
                    ErrorKind::Validation,
                    "Aloware changes no phone number: create a contact with the new one, and tell Aloware's users",
                )
                .with_code("phone_is_fixed")
                .with_provider(PROVIDER)
                .with_operation("contacts.update"));
            }
            named.phone = Some(phone);
        }
        if named.phone.is_none() {
            return Err(by_phone_only("contacts.update"));
        }
        let call = self.written("contacts.update", &named)?.force_update(true);
        let there = self.client.contacts();
        let there = there
            .find_by_phone(call.request().phone_number.clone())
            .send()
            .await?;
        let own = there.id.as_ref().map(|own| own.as_str());
        let mut nothing = UpsertContact::new(call.request().phone_number.clone());
        nothing.force_update = Some(true);
        if PhoneNumber::from_e164(id.as_str()).is_err() && own != Some(id.as_str()) {
            return Err(Error::new(
                ErrorKind::NotFound,
                "the phone number is another contact's: nothing was written",
            )
            .with_code("other_contact")
            .with_provider(PROVIDER)
            .with_operation("contacts.update"));
        }
        if *call.request() == nothing {
            return Ok(to_model(there));
        }
        found(call.send_and_find().await?.contact)
    }

    /// Of a call alone, and only that it is forbidden: that one source allows it does not lift what somebody said here.
    fn writes_opt_out(&self, channel: Option<&Channel>, blocked: bool) -> bool {
        blocked && channel == Some(&Channel::Call)
    }

    async fn upsert(&self, contact: &Contact) -> Result<Contact> {
        let call = self.written("contacts.upsert", contact)?.force_update(true);
        found(call.send_and_find().await?.contact)
    }

    /// By the phone number. The e-mail address alone finds nobody: that is refused.
    async fn find(
        &self,
        email: Option<&EmailAddress>,
        phone: Option<&PhoneNumber>,
    ) -> Result<Vec<Contact>> {
        let Some(phone) = phone else {
            return match email {
                Some(_) => Err(by_phone_only("contacts.find")),
                None => Ok(Vec::new()),
            };
        };
        let call = self.client.contacts().find_by_phone(phone.as_str());
        match call.send().await {
            Ok(contact) => Ok(vec![to_model(contact)]),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn delete(&self, _: &ExternalId<Contact>) -> Result<()> {
        Err(unsupported(
            "contacts.delete",
            "Aloware deletes no contacts: set is_dnc to keep one from being called",
        ))
    }

    async fn add_tags(&self, _: &ExternalId<Contact>, _: &[String]) -> Result<()> {
        Err(unsupported("contacts.add_tags", TAGS))
    }

    async fn remove_tags(&self, _: &ExternalId<Contact>, _: &[String]) -> Result<()> {
        Err(unsupported("contacts.remove_tags", TAGS))
    }
}

const TAGS: &str = "Aloware sets tags with a contact and not by themselves: use upsert";

impl Connection {
    /// The write of a record.
    fn written(&self, operation: &'static str, contact: &Contact) -> Result<Call<UpsertContact>> {
        let phone = contact.phone.as_ref().ok_or_else(|| {
            Error::new(
                ErrorKind::Validation,
                "Aloware knows contacts by their phone number, and this one has none",
            )
            .with_provider(PROVIDER)
            .with_operation(operation)
        })?;
        let mut call = self.client.contacts().upsert(phone.as_str());
        let request = call.request_mut();
        let address = contact.address.clone().unwrap_or_default();
        request.first_name.clone_from(&contact.first_name);
        request.last_name.clone_from(&contact.last_name);
        // The whole name would overwrite what the two parts say.
        request.name = contact
            .name
            .clone()
            .filter(|_| contact.first_name.is_none() && contact.last_name.is_none());
        let email = contact.email.as_ref();
        request.email = email.map(|email| email.as_str().to_owned());
        request.company_name.clone_from(&contact.company_name);
        request.date_of_birth = contact.birthday.map(|day| day.to_string());
        request.timezone.clone_from(&contact.timezone);
        request.address = address.street;
        request.city = address.city;
        request.state = address.state;
        request.zipcode = address.postal_code;
        request.country = address.country;
        request.website.clone_from(&contact.website);
        request.lead_source.clone_from(&contact.source);
        let owner = contact.owner.as_ref();
        request.user_id = owner.map(|owner| owner.as_str().into());
        request.tags = Some(contact.tags.clone()).filter(|tags| !tags.is_empty());
        // Only an opt-out is passed on: that one source allows calls does not lift what somebody said here.
        request.is_dnc = contact.opt_outs.blocks(&Channel::Call).then_some(true);
        Ok(call)
    }
}

/// What the look-up after a write brought.
fn found(looked_up: Result<contacts::Contact>) -> Result<Contact> {
    looked_up.map(to_model).map_err(|error| {
        error
            .with_message(
                "the contact was written and its id could not be learned: look it up by its phone number, do not write it again",
            )
            .with_code("written_not_found")
            .with_retryable(false)
    })
}

fn phone_of(id: &ExternalId<Contact>, operation: &'static str) -> Result<PhoneNumber> {
    PhoneNumber::from_e164(id.as_str()).map_err(|_| by_phone_only(operation))
}

fn by_phone_only(operation: &'static str) -> Error {
    unsupported(
        operation,
        "Aloware finds a contact by its phone number alone: pass that, in E.164 form, for the id",
    )
}

/// A contact in the shared words. A phone number or address that is not well formed stays in `extra`.
pub(super) fn to_model(aloware: contacts::Contact) -> Contact {
    let mut contact = Contact::new();
    contact.birthday = aloware.birthday();
    contact.tags = aloware.tag_names();
    contact.opt_outs = opt_outs(&aloware);
    contact.first_name = aloware.first_name;
    contact.last_name = aloware.last_name;
    contact.name = aloware.name;
    let email = aloware.email.as_deref();
    contact.email = email.and_then(|email| EmailAddress::parse(email).ok());
    let phone = aloware.phone_number.as_deref();
    contact.phone = phone.and_then(|phone| PhoneNumber::from_e164(phone).ok());
    let own = aloware.id.as_ref().map(|id| id.as_str());
    let id = contact.phone.as_ref().map(PhoneNumber::as_str).or(own);
    contact.id = id.map(ExternalId::new);
    contact.company_name = aloware.company_name;
    contact.website = aloware.website;
    contact.timezone = aloware.timezone;
    contact.source = aloware.lead_source;
    let owner = aloware.user_id.as_ref().map(|user| user.as_str());
    let owner = owner.filter(|id| !id.is_empty() && *id != "-1" && *id != "0");
    contact.owner = owner.map(ExternalId::new);
    contact.created_at = aloware.created_at;
    contact.updated_at = aloware.updated_at;
    let mut address = Address::new();
    address.street = aloware.address;
    address.city = aloware.city;
    address.state = aloware.state;
    address.postal_code = aloware.zipcode;
    address.country = aloware.country;
    contact.address = Some(address).filter(|address| !address.is_empty());
    contact.extra = aloware.extra;
    let own = own.map(str::to_owned);
    for (name, unread, raw) in [
        ("aloware_id", true, own),
        ("email", contact.email.is_none(), aloware.email),
        ("phone", contact.phone.is_none(), aloware.phone_number),
        ("intake_source", true, aloware.intake_source),
        ("disposition_status", true, aloware.disposition_status),
    ] {
        if let (true, Some(raw)) = (unread, raw) {
            contact.extra.insert(name.to_owned(), raw.into());
        }
    }
    contact
}

/// STOP is about text messages on every line; "do not call" is about calls.
fn opt_outs(contact: &contacts::Contact) -> OptOuts {
    let mut opt_outs = OptOuts::new();
    opt_outs.all = contact.is_blocked.filter(|blocked| *blocked);
    if let Some(opted_out) = contact.is_opted_out {
        opt_outs.set(Channel::Sms, opted_out);
    }
    if let Some(dnc) = contact.is_dnc {
        opt_outs.set(Channel::Call, dnc);
    }
    opt_outs
}
