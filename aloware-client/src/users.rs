//! Users of the account.

use http::Method;
use integrations_core::object;

use crate::enums::AgentStatus;
use crate::ids::UserId;
use crate::request::request;
use crate::{Call, Client, Spec};

/// Users of the account: see [`Client::users`].
#[derive(Debug, Clone, Copy)]
pub struct Users<'a>(pub(crate) &'a Client);

impl Users<'_> {
    /// All users, on one page. The call that tells whether a token works.
    pub fn list(&self) -> Call<ListUsers> {
        self.0.call(ListUsers::new())
    }
}

request! {
    /// `GET /webhook/users`: all users.
    pub struct ListUsers -> Vec<User> {}
    Spec::new("users.list", Method::GET, "/webhook/users")
        .docs("https://support.aloware.com/en/articles/9352647")
}

object! {
    /// A user, also called agent.
    pub struct User {
        rest {
            /// Members that the provider does not document.
            extra,
        }
        /// The id.
        id: Option<UserId> = "id",
        /// The whole name.
        name: Option<String> = "name",
        /// The e-mail address.
        email: Option<String> = "email",
        /// What the user is doing.
        agent_status: Option<AgentStatus> = "agent_status",
        /// The same in words.
        agent_status_text: Option<String> = "human_readable_agent_status",
    }
}
