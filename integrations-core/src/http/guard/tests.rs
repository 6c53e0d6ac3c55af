use super::*;

fn public(text: &str) -> bool {
    is_public(text.parse().unwrap())
}

fn allowed(policy: &AddressPolicy, url: &str) -> bool {
    policy.check_url(&url.parse().unwrap()).is_ok()
}

/// First, last and the neighbours of each range that is not public.
#[test]
fn every_special_ipv4_range_is_refused_to_its_edges() {
    let ranges = [
        (None, "0.0.0.0", "0.255.255.255", Some("1.0.0.0")),
        (
            Some("9.255.255.255"),
            "10.0.0.0",
            "10.255.255.255",
            Some("11.0.0.0"),
        ),
        (
            Some("100.63.255.255"),
            "100.64.0.0",
            "100.127.255.255",
            Some("100.128.0.0"),
        ),
        (
            Some("126.255.255.255"),
            "127.0.0.0",
            "127.255.255.255",
            Some("128.0.0.0"),
        ),
        (
            Some("168.63.129.15"),
            "168.63.129.16",
            "168.63.129.16",
            Some("168.63.129.17"),
        ),
        (
            Some("169.253.255.255"),
            "169.254.0.0",
            "169.254.255.255",
            Some("169.255.0.0"),
        ),
        (
            Some("172.15.255.255"),
            "172.16.0.0",
            "172.31.255.255",
            Some("172.32.0.0"),
        ),
        (
            Some("191.255.255.255"),
            "192.0.0.0",
            "192.0.0.255",
            Some("192.0.1.0"),
        ),
        (
            Some("192.0.1.255"),
            "192.0.2.0",
            "192.0.2.255",
            Some("192.0.3.0"),
        ),
        (
            Some("192.88.98.255"),
            "192.88.99.0",
            "192.88.99.255",
            Some("192.88.100.0"),
        ),
        (
            Some("192.167.255.255"),
            "192.168.0.0",
            "192.168.255.255",
            Some("192.169.0.0"),
        ),
        (
            Some("198.17.255.255"),
            "198.18.0.0",
            "198.19.255.255",
            Some("198.20.0.0"),
        ),
        (
            Some("198.51.99.255"),
            "198.51.100.0",
            "198.51.100.255",
            Some("198.51.101.0"),
        ),
        (
            Some("203.0.112.255"),
            "203.0.113.0",
            "203.0.113.255",
            Some("203.0.114.0"),
        ),
        (
            Some("223.255.255.255"),
            "224.0.0.0",
            "239.255.255.255",
            None,
        ),
        (None, "240.0.0.0", "255.255.255.255", None),
    ];
    for (before, first, last, after) in ranges {
        assert!(!public(first) && !public(last), "{first} {last}");
        for neighbour in [before, after].into_iter().flatten() {
            assert!(public(neighbour), "{neighbour}");
        }
    }
}

/// The whole IPv4 space, one address of every /16 and every address of the special /16s, against a second opinion
/// written another way.
#[test]
fn the_whole_ipv4_space_agrees_with_a_second_opinion() {
    let second = |address: Ipv4Addr| {
        let [a, b, c, d] = address.octets();
        let special = address.is_private()
            || address.is_loopback()
            || address.is_link_local()
            || address.is_broadcast()
            || address.is_documentation()
            || address.is_multicast()
            || a == 0
            || a >= 240
            || (a == 100 && (64..128).contains(&b))
            || (a == 198 && (b == 18 || b == 19))
            || (a == 192 && b == 0 && c == 0)
            || (a == 192 && b == 88 && c == 99)
            || (a, b, c, d) == (168, 63, 129, 16);
        !special
    };
    for high in 0..=u16::MAX {
        let whole = matches!(
            high.to_be_bytes(),
            [192, 0 | 88] | [168, 63] | [198, 51] | [203, 0]
        );
        let lows = if whole { 0..=u16::MAX } else { 7..=7 };
        for low in lows {
            let address = Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
            assert_eq!(is_public(address.into()), second(address), "{address}");
        }
    }
}

#[test]
fn ipv6_outside_global_unicast_is_refused() {
    for bad in [
        "::",
        "::1",
        "::2",
        // IPv4 in IPv6: compatible, mapped, translated, NAT64, its local prefix; Teredo, 6to4, ISATAP on link-local.
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::8.8.8.8",
        "64:ff9b:1::a00:1",
        "2001::7f00:1",
        "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
        "2002:7f00:1::",
        "2002:808:808::1",
        "fe80::5efe:127.0.0.1",
        // Discard, SRv6, unique local, link-local, site-local, multicast, documentation, benchmark, ORCHID.
        "100::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db8::1",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff::1",
        "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3ffe::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:1ff:ffff::1",
        // Not given to anybody.
        "1fff:ffff::1",
        "4000::1",
        "8000::1",
        "e000::1",
    ] {
        assert!(!public(bad), "{bad}");
    }
    for good in [
        "2001:200::1",
        "2001:4860:4860::8888",
        "2001:db7:ffff::1",
        "2001:db9::1",
        "2003::1",
        "2606:4700:4700::1111",
        "2a00:1450:4001:81b::200e",
        "3fff:1000::1",
        "2000::1",
    ] {
        assert!(public(good), "{good}");
    }
}

#[test]
fn every_way_to_write_an_address_in_a_url_is_seen() {
    let policy = AddressPolicy::public();
    for bad in [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://127.0.0.1./",
        "https://%31%32%37.0.0.1/",
        "https://①②⑦.⓪.⓪.①/",
        "https://127。0。0。1/",
        "https://0/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[0:0:0:0:0:ffff:a9fe:a9fe]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[fe80::1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/",
        "https://LOCALHOST/",
        "https://localhost./",
        "https://LocalHost../",
        "https://app.localhost/",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://:password@example.com/",
        "https://example.com:0/",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "data:text/plain,hello",
        "unix:/run/docker.sock",
    ] {
        // What does not even parse leads nowhere.
        let Ok(url) = bad.parse::<Url>() else {
            continue;
        };
        let error = policy.check_url(&url).expect_err(bad);
        assert_eq!(error.code(), Some("url_refused"), "{bad}");
        assert!(
            !format!("{error} {error:?}").contains("password@"),
            "{error:?}"
        );
    }
    for good in [
        "https://example.com/",
        "https://example.com:8443/hook?token=1",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]/",
        "https://localhost.example.com/",
        "https://xn--bcher-kva.example/",
    ] {
        assert!(allowed(&policy, good), "{good}");
    }
    let long = format!("https://example.com/{}", "a".repeat(3000));
    assert!(!allowed(&policy, &long));
}

#[test]
fn what_is_allowed_beyond_the_default() {
    let ports = AddressPolicy::public().ports([443, 8443]);
    assert!(
        allowed(&ports, "https://example.com/") && allowed(&ports, "https://example.com:8443/")
    );
    assert!(!allowed(&ports, "https://example.com:22/"));

    let own = AddressPolicy::public()
        .allow_http()
        .allow_network(Network::LOOPBACK)
        .allow_network("10.1.0.0/16".parse().unwrap())
        .allow_network("fd12:3456::/32".parse().unwrap());
    for good in [
        "http://127.0.0.1:8080/",
        "http://localhost/",
        "http://10.1.255.255/",
        "http://[fd12:3456::1]/",
    ] {
        assert!(allowed(&own, good), "{good}");
    }
    for bad in [
        "http://10.2.0.0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fd12:3457::1]/",
        "http://169.254.169.254/",
    ] {
        assert!(!allowed(&own, bad), "{bad}");
    }
}

#[test]
fn networks_are_read_strictly() {
    let all: Network = "0.0.0.0/0".parse().unwrap();
    assert!(
        all.contains("255.255.255.255".parse().unwrap()) && !all.contains("::1".parse().unwrap())
    );
    let one: Network = "::1/128".parse().unwrap();
    assert!(one.contains("::1".parse().unwrap()) && !one.contains("::2".parse().unwrap()));
    for bad in [
        "",
        "10.0.0.0",
        "10.0.0.0/33",
        "::/129",
        "10.0.0/8",
        "a/8",
        "10.0.0.0/-1",
    ] {
        assert!(bad.parse::<Network>().is_err(), "{bad}");
    }
}
