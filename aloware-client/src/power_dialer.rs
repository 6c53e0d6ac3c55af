//! Lists of the power dialer: a contact is taken out of all, a list is emptied. There is no list of the lists, and the way
//! into one is [`UpsertContact::list_ids`](crate::contacts::UpsertContact::list_ids).

use http::Method;

use crate::endpoint::Confirmation;
use crate::ids::{ContactId, ListId, UserId};
use crate::request::request;
use crate::{Call, Client, Spec};

const DOCS: &str = "https://support.aloware.com/en/articles/9167815";

/// Lists of the power dialer: see [`Client::power_dialer`].
#[derive(Debug, Clone, Copy)]
pub struct PowerDialer<'a>(pub(crate) &'a Client);

impl PowerDialer<'_> {
    /// Takes a contact out of **every** list: the provider cannot do less.
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is no such contact.
    pub fn remove_from_all_lists(&self, contact: impl Into<ContactId>) -> Call<RemoveFromAllLists> {
        self.0.call(RemoveFromAllLists::new(contact))
    }

    /// Takes every contact out of a list. The id is the one that *Aloware Classic* shows; those of Aloware Talk are
    /// others. [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is no such list.
    pub fn clear_list(&self, list: impl Into<ListId>) -> Call<ClearList> {
        self.0.call(ClearList::new(list))
    }

    /// Takes every contact out of **all** lists of a user.
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is no such user.
    pub fn clear_all_lists_of_user(&self, user: impl Into<UserId>) -> Call<ClearUserLists> {
        self.0.call(ClearUserLists::new(user))
    }
}

request! {
    /// `POST /webhook/powerdialer-remove-contact-from-lists`: takes a contact out of every list.
    pub struct RemoveFromAllLists -> Confirmation {
        required {
            /// The contact.
            id contact_id: ContactId = "contact_id",
        }
    }
    Spec::new("power_dialer.remove_from_all_lists", Method::POST, "/webhook/powerdialer-remove-contact-from-lists")
        .docs(DOCS)
}

request! {
    /// `POST /webhook/powerdialer-clear-list`: empties a list.
    pub struct ClearList -> Confirmation {
        required {
            /// The list, by the id of Aloware Classic.
            id list_id: ListId = "list_id",
        }
    }
    Spec::new("power_dialer.clear_list", Method::POST, "/webhook/powerdialer-clear-list").docs(DOCS)
}

request! {
    /// `POST /webhook/powerdialer-clear-user-lists`: empties all lists of a user.
    pub struct ClearUserLists -> Confirmation {
        required {
            /// The user.
            id user_id: UserId = "user_id",
        }
    }
    Spec::new("power_dialer.clear_all_lists_of_user", Method::POST, "/webhook/powerdialer-clear-user-lists")
        .docs(DOCS)
}
