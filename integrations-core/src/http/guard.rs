//! Where a URL that a user gave may lead: never into our own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use url::{Host, Url};

use crate::{Error, FieldError, Result};

/// The longest URL that is taken.
const MAX_URL: usize = 2048;

/// Which addresses a URL given by a user may lead to. By default: `https`, any port, public addresses only.
///
/// Whoever may name a URL that we call can otherwise read what only we can reach: a cloud's metadata service, a database
/// on the loopback, a router. So every address that a name resolves to is judged, at the moment of connecting.
///
/// ```
/// use integrations_core::http::AddressPolicy;
///
/// let policy = AddressPolicy::public();
/// assert!(policy.check_url(&"https://hooks.example.com/in".parse().unwrap()).is_ok());
/// assert!(policy.check_url(&"https://169.254.169.254/latest/meta-data".parse().unwrap()).is_err());
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct AddressPolicy {
    http: bool,
    ports: Option<Vec<u16>>,
    networks: Vec<Network>,
}

impl AddressPolicy {
    /// `https` to public addresses, on any port.
    pub fn public() -> Self {
        Self::default()
    }

    /// Plain `http` is allowed too: whoever is on the way reads and changes what is sent.
    pub fn allow_http(mut self) -> Self {
        self.http = true;
        self
    }

    /// Only these ports.
    pub fn ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.ports = Some(ports.into_iter().collect());
        self
    }

    /// Addresses of this network are allowed although they are not public: one's own network, or the loopback in tests.
    pub fn allow_network(mut self, network: Network) -> Self {
        self.networks.push(network);
        self
    }

    /// Judges what a URL says by itself. A name may still lead to a refused address: see
    /// [`check_address`](Self::check_address).
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) with the code `url_refused`; the message does not repeat
    /// the URL.
    pub fn check_url(&self, url: &Url) -> Result<()> {
        let refuse = |why: &'static str| {
            Err(
                Error::validation("the URL is not allowed", vec![FieldError::new("/url", why)])
                    .with_code("url_refused"),
            )
        };
        match url.scheme() {
            "https" => {}
            "http" if self.http => {}
            _ => return refuse("does not start with https://"),
        }
        if url.as_str().len() > MAX_URL {
            return refuse("is longer than 2048 bytes");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("contains a user name or a password");
        }
        let port = url.port_or_known_default().unwrap_or_default();
        if port == 0 || self.ports.as_ref().is_some_and(|all| !all.contains(&port)) {
            return refuse("names a port that is not allowed");
        }
        let allowed = match url.host() {
            None => return refuse("names no host"),
            Some(Host::Ipv4(address)) => self.check_address(address.into()),
            Some(Host::Ipv6(address)) => self.check_address(address.into()),
            Some(Host::Domain(name)) => self.check_name(name),
        };
        if allowed {
            Ok(())
        } else {
            refuse("leads into a network that is not public")
        }
    }

    /// Whether a connection to this address is allowed.
    #[must_use]
    pub fn check_address(&self, address: IpAddr) -> bool {
        is_public(address)
            || self
                .networks
                .iter()
                .any(|network| network.contains(address))
    }

    /// The name that always means the machine itself (RFC 6761).
    fn check_name(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.');
        let last = name.rsplit('.').next().unwrap_or_default();
        !name.is_empty()
            && (!last.eq_ignore_ascii_case("localhost")
                || self.check_address(Ipv4Addr::LOCALHOST.into()))
    }
}

/// A network by its address and how many leading bits of it count: `10.0.0.0/8`, `fd00::/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// The loopback, for tests.
    pub const LOOPBACK: Self = Self {
        address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)),
        prefix: 8,
    };

    /// Whether the address is of this network. IPv4 and IPv6 never match each other.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => within_v4(address, network, self.prefix),
            (IpAddr::V6(network), IpAddr::V6(address)) => within_v6(address, network, self.prefix),
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parse = || {
            let (address, prefix) = text.split_once('/')?;
            let address: IpAddr = address.parse().ok()?;
            let prefix = prefix.parse().ok()?;
            let most = if address.is_ipv4() { 32 } else { 128 };
            (prefix <= most).then_some(Self { address, prefix })
        };
        parse().ok_or_else(|| Error::config("a network is written as 10.0.0.0/8 or fd00::/8"))
    }
}

/// Whether an address is one of the public internet: not private, loopback, link-local, shared, reserved, multicast, for
/// documentation or benchmarks, and not one that carries or translates to an IPv4 address.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_V4
            .iter()
            .any(|&(network, prefix)| within_v4(address, network, prefix)),
        // Global unicast is one eighth of the space; everything else is refused, whatever it may become.
        IpAddr::V6(address) => {
            within_v6(address, Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)
                && !NOT_PUBLIC_V6
                    .iter()
                    .any(|&(network, prefix)| within_v6(address, network, prefix))
        }
    }
}

/// IANA's special-purpose registry, and metadata services that live elsewhere.
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 16] = [
    // "This network": on many systems 0.0.0.0 reaches the machine itself.
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Shared by carriers; Alibaba's metadata at 100.100.100.200.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Azure's agent, which has a public address.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    // Link-local; the metadata of most clouds at 169.254.169.254.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    // Protocol assignments; Oracle's old metadata at 192.0.0.192.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    // Relays of 6to4.
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// What is not public within global unicast.
const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 5] = [
    // Protocol assignments, Teredo among them, which carries an IPv4 address.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // 6to4, which carries an IPv4 address.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

fn within_v4(address: Ipv4Addr, network: Ipv4Addr, prefix: u32) -> bool {
    let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
    (address.to_bits() ^ network.to_bits()) & mask == 0
}

fn within_v6(address: Ipv6Addr, network: Ipv6Addr, prefix: u32) -> bool {
    let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
    (address.to_bits() ^ network.to_bits()) & mask == 0
}

#[cfg(test)]
mod tests;
