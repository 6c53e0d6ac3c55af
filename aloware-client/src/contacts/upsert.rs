use http::{Method, StatusCode};
use integrations_core::http::Reply;
use integrations_core::{Error, ErrorKind, Result};

use super::{Contact, FindContact, OtherPhone};
use crate::endpoint::{Answer, Confirmation};
use crate::ids::{DispositionId, LineId, ListId, RingGroupId, SequenceId, TagId, UserId};
use crate::request::request;
use crate::{Call, Spec};

request! {
    /// `POST /webhook/forms`: creates the contact with this phone number, or updates it.
    pub struct UpsertContact -> UpsertOutcome {
        required {
            /// The number that says which contact it is.
            body phone_number: String = "phone_number",
        }
        optional {
            /// Whether an existing contact is changed. Off, it is left alone.
            flag force_update: bool = "force_update",
            /// First name.
            body first_name: String = "first_name",
            /// Last name.
            body last_name: String = "last_name",
            /// The whole name, when the parts are not known.
            body name: String = "name",
            /// E-mail address.
            body email: String = "email",
            /// Name of the company.
            body company_name: String = "company_name",
            /// Date of birth: the provider documents `MM/DD/YYYY`, its own node sends `YYYY-MM-DD`.
            body date_of_birth: String = "date_of_birth",
            /// IANA time zone.
            body timezone: String = "timezone",
            /// Street and number.
            body address: String = "address",
            /// City.
            body city: String = "city",
            /// State or province.
            body state: String = "state",
            /// Postal code.
            body zipcode: String = "zipcode",
            /// Country.
            body country: String = "country",
            /// Website.
            body website: String = "website",
            /// Where the lead came from.
            body lead_source: String = "lead_source",
            /// Notes.
            body notes: String = "notes",
            /// The first of two free fields.
            body csf1: String = "csf1",
            /// The second.
            body csf2: String = "csf2",
            /// Further phone numbers. The provider's own node sends them as one text with commas instead: use
            /// [`with_member`](Call::with_member) for that.
            body other_phone_numbers: Vec<OtherPhone> = "other_phone_numbers",
            /// The user who looks after it.
            id user_id: UserId = "user_id",
            /// The same, by e-mail address.
            body user_email: String = "user_email",
            /// The line it belongs to.
            id line_id: LineId = "line_id",
            /// A tag, by its id.
            id tag_id: TagId = "tag_id",
            /// Tags, by their names.
            joined tags: Vec<String> = "tags",
            /// Lists of the power dialer that it is added to: the only way into a list.
            joined list_ids: Vec<ListId> = "list_ids",
            /// The state of the lead.
            id disposition_status_id: DispositionId = "disposition_status_id",
            /// A sequence that it is enrolled in.
            id sequence_id: SequenceId = "sequence_id",
            /// Whether that happens although it is in another.
            flag force_update_sequence: bool = "force_update_sequence",
            /// Whether a ring group gets it.
            flag distribute_to_ring_group: bool = "distribute_to_ring_group",
            /// The ring group.
            id ring_group_id: RingGroupId = "ring_group_id",
            /// Whether only users who are available get it.
            flag check_available_users: bool = "check_available_users",
            /// The same, and anybody if nobody is.
            flag check_available_users_with_fallback: bool = "check_available_users_with_fallback",
            /// Whether the assigned user's own dialer gets it.
            flag add_to_powerdialer: bool = "add_to_powerdialer",
            /// Where in it.
            body powerdialer_position: DialerPosition = "powerdialer_position",
            /// Not to be called: the only way to set that.
            flag is_dnc: bool = "is_dnc",
        }
    }
    Spec::new("contacts.upsert", Method::POST, "/webhook/forms")
        .docs("https://support.aloware.com/en/articles/9020058")
}

integrations_core::open_enum! {
    /// Where in the dialer a contact goes.
    pub enum DialerPosition {
        /// Next.
        Top = "top",
        /// Last.
        Bottom = "bottom",
    }
}

/// What became of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UpsertOutcome {
    /// There was none, and there is one.
    Created,
    /// It was there and has changed.
    Updated,
    /// It was there and stays as it was, since `force_update` was off.
    AlreadyExists,
}

impl Answer for UpsertOutcome {
    fn read(reply: &Reply, _: Option<&'static str>) -> Result<Self> {
        // Only an answer of the provider's own counts, whatever it says.
        reply.json::<Confirmation>()?;
        Ok(match reply.status {
            StatusCode::CREATED => Self::Created,
            _ => Self::Updated,
        })
    }

    fn refused(error: Error) -> Result<Self> {
        match error.status() {
            Some(StatusCode::CONFLICT) => Ok(Self::AlreadyExists),
            _ => Err(error),
        }
    }
}

/// What became of a contact, and the contact.
#[derive(Debug)]
#[non_exhaustive]
pub struct Upserted {
    /// What became of it: known, whatever the look-up brought.
    pub outcome: UpsertOutcome,
    /// The contact, or why the look-up found none. Its failure says nothing against the outcome.
    pub contact: Result<Contact>,
}

impl Call<UpsertContact> {
    /// Sends the call, and looks the contact up by its phone number: what was written is answered without its id.
    ///
    /// # Errors
    /// What [`send`](Call::send) reports; nothing was looked up then.
    pub async fn send_and_find(self) -> Result<Upserted> {
        let find = FindContact::new(self.request.phone_number.clone());
        let mut find = Call::new(&self.client, find);
        find.options.timeout = self.options.timeout;
        find.options.priority = self.options.priority;
        let outcome = self.send().await?;
        Ok(Upserted {
            outcome,
            contact: find.send().await.and_then(identified),
        })
    }
}

/// A contact without an id is an answer to something else.
fn identified(contact: Contact) -> Result<Contact> {
    match contact.id {
        Some(_) => Ok(contact),
        None => Err(Error::new(
            ErrorKind::Decode,
            "the provider's answer names no contact: look it up again",
        )
        .with_provider(crate::PROVIDER)
        .with_operation("contacts.find_by_phone")),
    }
}
