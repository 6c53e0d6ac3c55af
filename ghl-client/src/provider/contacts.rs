use async_trait::async_trait;
use integrations_core::Timestamp;
use integrations_core::email::EmailAddress;
use integrations_core::model::{Address, Channel, Contact, ExternalId, OptOuts};
use integrations_core::paging::Pages;
use integrations_core::phone::PhoneNumber;
use integrations_core::provider::ContactApi;

use super::Connection;
use super::find::find;
use crate::Result;
use crate::contacts::{self, DndSetting, DndSettings, DndStatus, Filter, Range, Sort};

/// Copies a record into a request that creates: creating and upserting take the same fields.
macro_rules! fill {
    ($request:expr, $contact:expr) => {
        let (request, contact) = ($request, $contact);
        let parts = Parts::of(contact);
        request.first_name = parts.first_name;
        request.last_name = parts.last_name;
        request.name = parts.name;
        request.email = parts.email;
        request.phone = parts.phone;
        request.address1 = parts.street;
        request.city = parts.city;
        request.state = parts.state;
        request.postal_code = parts.postal_code;
        request.country = parts.country;
        request.website = contact.website.clone();
        request.timezone = contact.timezone.clone();
        request.company_name = contact.company_name.clone();
        request.source = contact.source.clone();
        request.tags = contact.tags.clone();
        request.dnd = parts.dnd;
        request.dnd_settings = parts.dnd_settings;
    };
}

#[async_trait]
impl ContactApi for Connection {
    async fn get(&self, id: &ExternalId<Contact>) -> Result<Contact> {
        self.location
            .contacts()
            .get(id.as_str())
            .send()
            .await
            .map(to_model)
    }

    fn list(&self, since: Option<Timestamp>) -> Pages<Contact> {
        let mut search = self.location.contacts().search();
        if let Some(since) = since {
            let range = Range::new().at_least(since.as_millisecond());
            search = search
                .filter(Filter::range("dateUpdated", range))
                .sort(vec![Sort::ascending("dateUpdated")]);
        }
        search.pages().map_items(to_model)
    }

    async fn create(&self, contact: &Contact) -> Result<Contact> {
        let mut call = self.location.contacts().create();
        fill!(call.request_mut(), contact);
        call.send().await.map(to_model)
    }

    async fn update(&self, id: &ExternalId<Contact>, contact: &Contact) -> Result<Contact> {
        let parts = Parts::of(contact);
        let mut call = self.location.contacts().update(id.as_str());
        let mut anything = !contact.tags.is_empty();
        // What is not set in the record stays as it is.
        macro_rules! set {
            ($($field:ident: $value:expr,)+) => {$(
                if let Some(value) = $value {
                    call = call.$field(value);
                    anything = true;
                }
            )+};
        }
        set! {
            first_name: parts.first_name,
            last_name: parts.last_name,
            name: parts.name,
            email: parts.email,
            phone: parts.phone,
            address1: parts.street,
            city: parts.city,
            state: parts.state,
            postal_code: parts.postal_code,
            country: parts.country,
            website: contact.website.clone(),
            timezone: contact.timezone.clone(),
            source: contact.source.clone(),
            dnd: parts.dnd,
            dnd_settings: parts.dnd_settings,
        }
        if !contact.tags.is_empty() {
            call = call.tags(contact.tags.clone());
        }
        if !anything {
            // Nothing that an update can write, as a company's name: a write would only be heard of again.
            return self.get(id).await;
        }
        call.send().await.map(to_model)
    }

    async fn upsert(&self, contact: &Contact) -> Result<Contact> {
        let mut call = self.location.contacts().upsert();
        fill!(call.request_mut(), contact);
        call.send().await.map(|upserted| to_model(upserted.contact))
    }

    /// Two calls; one more for each contact that only the search has found.
    async fn find(
        &self,
        email: Option<&EmailAddress>,
        phone: Option<&PhoneNumber>,
    ) -> Result<Vec<Contact>> {
        find(&self.location, email, phone).await
    }

    async fn delete(&self, id: &ExternalId<Contact>) -> Result<()> {
        self.location
            .contacts()
            .delete(id.as_str())
            .send()
            .await
            .map(drop)
    }

    async fn add_tags(&self, id: &ExternalId<Contact>, tags: &[String]) -> Result<()> {
        self.location
            .contacts()
            .add_tags(id.as_str(), tags)
            .send()
            .await
            .map(drop)
    }

    async fn remove_tags(&self, id: &ExternalId<Contact>, tags: &[String]) -> Result<()> {
        self.location
            .contacts()
            .remove_tags(id.as_str(), tags)
            .send()
            .await
            .map(drop)
    }
}

/// The fields of a record that have another shape here.
struct Parts {
    first_name: Option<String>,
    last_name: Option<String>,
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    street: Option<String>,
    city: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
    country: Option<String>,
    dnd: Option<bool>,
    dnd_settings: Option<DndSettings>,
}

impl Parts {
    fn of(contact: &Contact) -> Self {
        let address = contact.address.clone().unwrap_or_default();
        Self {
            first_name: contact.first_name.clone(),
            last_name: contact.last_name.clone(),
            // The whole name would overwrite what the two parts say.
            name: contact
                .name
                .clone()
                .filter(|_| contact.first_name.is_none() && contact.last_name.is_none()),
            email: contact
                .email
                .as_ref()
                .map(|email| email.as_str().to_owned()),
            phone: contact
                .phone
                .as_ref()
                .map(|phone| phone.as_str().to_owned()),
            street: address.street,
            city: address.city,
            state: address.state,
            postal_code: address.postal_code,
            country: address.country,
            dnd: contact.opt_outs.all,
            dnd_settings: dnd_settings(&contact.opt_outs),
        }
    }
}

/// A contact in the shared words. A phone number or address that is not well formed stays in `extra`.
pub(crate) fn to_model(ghl: contacts::Contact) -> Contact {
    let mut contact = Contact::new().with_id(ghl.id.as_str());
    contact.first_name = ghl.first_name;
    contact.last_name = ghl.last_name;
    contact.name = ghl.name;
    contact.email = ghl
        .email
        .as_deref()
        .and_then(|email| EmailAddress::parse(email).ok());
    contact.phone = ghl
        .phone
        .as_deref()
        .and_then(|phone| PhoneNumber::from_e164(phone).ok());
    contact.company_name = ghl.company_name;
    contact.website = ghl.website;
    contact.timezone = ghl.timezone;
    contact.source = ghl.source;
    contact.owner = ghl.assigned_to.map(|user| ExternalId::new(user.as_str()));
    contact.tags = ghl.tags;
    contact.created_at = ghl.date_added;
    contact.updated_at = ghl.date_updated;
    contact.opt_outs = opt_outs(ghl.dnd, ghl.dnd_settings.as_ref());
    let mut address = Address::new();
    address.street = ghl.address1;
    address.city = ghl.city;
    address.state = ghl.state;
    address.postal_code = ghl.postal_code;
    address.country = ghl.country;
    contact.address = Some(address).filter(|address| !address.is_empty());
    for (name, unread, raw) in [
        ("email", contact.email.is_none(), ghl.email),
        ("phone", contact.phone.is_none(), ghl.phone),
        ("type", true, ghl.kind),
    ] {
        if let (true, Some(raw)) = (unread, raw) {
            contact.extra.insert(name.to_owned(), raw.into());
        }
    }
    if !ghl.custom_fields.is_empty()
        && let Ok(fields) = serde_json::to_value(ghl.custom_fields)
    {
        contact.extra.insert("customFields".to_owned(), fields);
    }
    contact
}

fn opt_outs(dnd: Option<bool>, settings: Option<&DndSettings>) -> OptOuts {
    let mut opt_outs = OptOuts::new();
    opt_outs.all = dnd;
    let Some(settings) = settings else {
        return opt_outs;
    };
    let mut set = |channel: Channel, setting: &Option<DndSetting>| {
        if let Some(status) = setting.as_ref().and_then(|setting| setting.status.as_ref()) {
            // A word that this version does not know counts as blocked: opt-out wins.
            opt_outs.set(channel, *status != DndStatus::Inactive);
        }
    };
    set(Channel::Call, &settings.call);
    set(Channel::Email, &settings.email);
    set(Channel::Sms, &settings.sms);
    set(Channel::WhatsApp, &settings.whats_app);
    set(Channel::Facebook, &settings.fb);
    opt_outs
}

/// What is blocked by channel, for the channels that the provider has.
fn dnd_settings(opt_outs: &OptOuts) -> Option<DndSettings> {
    let of = |channel: Channel| {
        let blocked = *opt_outs.channels.get(&channel)?;
        Some(DndSetting::new(if blocked {
            DndStatus::Active
        } else {
            DndStatus::Inactive
        }))
    };
    let settings = DndSettings {
        call: of(Channel::Call),
        email: of(Channel::Email),
        sms: of(Channel::Sms),
        whats_app: of(Channel::WhatsApp),
        gmb: None,
        fb: of(Channel::Facebook),
    };
    (settings != DndSettings::default()).then_some(settings)
}
