//! Contacts: look up by phone number, create, update. There is no list, no look-up by id or e-mail address, and no
//! deletion.
//!
//! ```no_run
//! use aloware_client::contacts::UpsertOutcome;
//!
//! # async fn demo(client: aloware_client::Client) -> aloware_client::Result<()> {
//! let jane = client.contacts().upsert("+12025550177").first_name("Jane").force_update(true);
//! match jane.send().await? {
//!     UpsertOutcome::Created => println!("new"),
//!     UpsertOutcome::Updated => println!("changed"),
//!     UpsertOutcome::AlreadyExists => println!("left as it was"),
//!     _ => {}
//! }
//! let jane = client.contacts().find_by_phone("+12025550177").send().await?;
//! println!("{:?}", jane.id);
//! # Ok(()) }
//! ```

mod model;
mod upsert;

use http::Method;

pub use self::model::{Contact, OtherPhone};
pub use self::upsert::{DialerPosition, UpsertContact, UpsertOutcome, Upserted};
use crate::request::request;
use crate::{Call, Client, Spec};

/// Contacts: see [`Client::contacts`].
#[derive(Debug, Clone, Copy)]
pub struct Contacts<'a>(pub(crate) &'a Client);

impl Contacts<'_> {
    /// The contact with this phone number: the only way to read one. E.164 form is best.
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) with the code `contact_not_found` when there is none,
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) with the code `invalid_phone` when it is no number.
    pub fn find_by_phone(&self, phone: impl Into<String>) -> Call<FindContact> {
        self.0.call(FindContact::new(phone))
    }

    /// Creates the contact with this phone number, or updates it when
    /// [`force_update`](Call::<UpsertContact>::force_update) is set. Without it an existing contact stays as it is, which
    /// is no error: [`UpsertOutcome::AlreadyExists`].
    ///
    /// The answer has no id: [`Call::send_and_find`] looks the contact up afterwards.
    pub fn upsert(&self, phone: impl Into<String>) -> Call<UpsertContact> {
        self.0.call(UpsertContact::new(phone))
    }
}

request! {
    /// `GET /webhook/contact/phone-number`: the contact with this phone number.
    pub struct FindContact -> Contact {
        required {
            /// The number: E.164, or as it is dialled at home.
            body phone_number: String = "phone_number",
        }
    }
    Spec::new("contacts.find_by_phone", Method::GET, "/webhook/contact/phone-number")
        .envelope_if_present("contact")
        .docs("https://support.aloware.com/en/articles/9020068")
}
