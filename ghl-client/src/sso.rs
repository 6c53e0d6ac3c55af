//! Single sign-on of custom pages: who is looking at the page.
//!
//! A custom page asks the application around it for the user (`REQUEST_USER_DATA`, or `exposeSessionDetails` in custom
//! JavaScript), gets a ciphertext and sends it to its own server. There the app's shared secret opens it:
//!
//! ```
//! use ghl_client::sso::{SharedSecret, UserContext};
//!
//! fn who(encrypted: &str, secret: &SharedSecret) -> ghl_client::Result<String> {
//!     let user = UserContext::decrypt(encrypted, [secret])?;
//!     Ok(format!("{} in {:?}", user.user_id, user.active_location))
//! }
//! ```
//!
//! **What it proves, and what not.** The provider encrypts with CryptoJS: AES-256-CBC under a key that MD5 makes of the
//! secret, without an authentication code and without a time.
//!
//! - Somebody who saw one ciphertext can change parts of what it says without knowing the secret, at the price of
//!   garbling sixteen bytes beside each change. Most such changes are refused, because what comes out is no JSON; that
//!   is luck and no protection.
//! - It does not expire. Whoever got hold of one can show it for ever, until the secret is changed.
//! - It does not name the app or the page.
//!
//! So take it as what the user claims, and prove what matters: read the user over the API
//! ([`Location::users`](crate::Location::users)) and compare e-mail address, role and locations before you show
//! somebody else's data, keep your own session short, and accept the ciphertext over TLS only. Never tell the sender
//! why one was refused: the error here says the same for every cause.
//!
//! <https://github.com/GoHighLevel/highlevel-api-docs/blob/main/docs/marketplace%20modules/shared_secret_customJS_customPages.md>

use std::fmt;

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use integrations_core::{Error, ErrorKind, Result, open_enum};
use md5::{Digest, Md5};
use zeroize::Zeroizing;

use crate::ids::{CompanyId, LocationId, UserId};

/// What OpenSSL writes before the salt.
const MAGIC: &[u8] = b"Salted__";
const SALT: usize = 8;
const BLOCK: usize = 16;
/// Longer texts are no user context: the documented ones have some 300 bytes.
const MAX_LENGTH: usize = 64 * 1024;

integrations_core::secret! {
    /// The shared secret of an app: *Advanced Settings → Auth → Shared Secret*.
    pub struct SharedSecret;
}

open_enum! {
    /// What a user may do.
    pub enum UserRole {
        /// Everything.
        Admin = "admin",
        /// What their permissions say.
        User = "user",
    }

    /// Whose user it is.
    pub enum UserType {
        /// A company's, also called agency.
        Agency = "agency",
        /// A location's.
        Location = "location",
    }
}

integrations_core::object! {
    struct Plain {
        user_id: Option<UserId> = "userId",
        company_id: Option<CompanyId> = "companyId",
        role: Option<UserRole> = "role",
        user_type: Option<UserType> = "type",
        active_location: Option<LocationId> = "activeLocation",
        user_name: Option<String> = "userName",
        email: Option<String> = "email",
    }
}

/// Who looks at a custom page. `Debug` shows neither name nor e-mail address.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct UserContext {
    /// The user.
    pub user_id: UserId,
    /// The company.
    pub company_id: Option<CompanyId>,
    /// What they may do.
    pub role: Option<UserRole>,
    /// Whose user it is. A company's user may look at a location's page.
    pub user_type: Option<UserType>,
    /// The location whose page it is; none on a page of the company.
    pub active_location: Option<LocationId>,
    /// First and last name together.
    pub user_name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
}

impl UserContext {
    /// Opens what the page was given. Any of the secrets may fit, so that a new one can be added before the old one
    /// goes; empty ones never do.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`], the same for every cause: not base64, not encrypted, under another secret, changed on the
    /// way, not JSON, no user in it.
    pub fn decrypt<'a>(
        encrypted: &str,
        secrets: impl IntoIterator<Item = &'a SharedSecret>,
    ) -> Result<Self> {
        let sealed = decode(encrypted).unwrap_or_default();
        let usable = secrets.into_iter().filter(|secret| !secret.is_empty());
        let mut opened = usable.filter_map(|secret| open(&sealed, secret));
        opened.next().ok_or_else(|| {
            Error::new(
                ErrorKind::Crypto,
                "the user context cannot be read: check that the shared secret is this app's",
            )
            .with_provider(crate::PROVIDER)
        })
    }
}

impl fmt::Debug for UserContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserContext")
            .field("user_id", &self.user_id)
            .field("company_id", &self.company_id)
            .field("role", &self.role)
            .field("user_type", &self.user_type)
            .field("active_location", &self.active_location)
            .finish_non_exhaustive()
    }
}

/// Undoes the base64, in lines or in one.
fn decode(encrypted: &str) -> Option<Vec<u8>> {
    if encrypted.len() > MAX_LENGTH {
        return None;
    }
    let text: String = encrypted.split_ascii_whitespace().collect();
    STANDARD.decode(text).ok()
}

fn open(sealed: &[u8], secret: &SharedSecret) -> Option<UserContext> {
    let (salt, ciphertext) = sealed.strip_prefix(MAGIC)?.split_at_checked(SALT)?;
    let key = derive(secret, salt);
    let (key, iv) = key.split_at(32);
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let cipher = cbc::Decryptor::<Aes256>::new_from_slices(key, iv).ok()?;
    let padded = cipher.decrypt_padded::<NoPadding>(&mut buffer).ok()?;
    // What is padded wrongly is read on, so that not even the time tells it from what is no JSON.
    let (plain, whole) = match unpad(padded) {
        Some(plain) => (plain, true),
        None => (padded, false),
    };
    // The JSON reader would not look at members that nobody asks for.
    let text = std::str::from_utf8(plain).ok()?;
    let plain: Plain = serde_json::from_str(text).ok().filter(|_| whole)?;
    Some(UserContext {
        user_id: plain.user_id.filter(|id| !id.as_str().is_empty())?,
        company_id: plain.company_id,
        role: plain.role,
        user_type: plain.user_type,
        active_location: plain.active_location,
        user_name: plain.user_name,
        email: plain.email,
    })
}

/// Undoes PKCS #7.
fn unpad(padded: &[u8]) -> Option<&[u8]> {
    let length = usize::from(*padded.last()?);
    let (plain, padding) = padded.split_at_checked(padded.len().checked_sub(length)?)?;
    let sound = (1..=BLOCK).contains(&length) && padding.iter().all(|b| usize::from(*b) == length);
    sound.then_some(plain)
}

/// `EVP_BytesToKey` of OpenSSL with MD5 and one round: 32 bytes of key and 16 of initialisation vector.
fn derive(secret: &SharedSecret, salt: &[u8]) -> Zeroizing<[u8; 3 * BLOCK]> {
    let mut key = Zeroizing::new([0; 3 * BLOCK]);
    let mut hash = Md5::new();
    for block in key.chunks_exact_mut(BLOCK) {
        hash.update(secret.expose_secret());
        hash.update(salt);
        let digest = hash.finalize_reset();
        block.copy_from_slice(&digest);
        hash.update(digest);
    }
    key
}
