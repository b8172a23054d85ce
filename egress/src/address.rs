//! Which addresses are public. Whatever is not known to be so is private.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// True if the address may be a machine of the public internet, and nothing nearer.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => public_v4(address),
        IpAddr::V6(address) => public_v6(address),
    }
}

fn public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match (a, b, c) {
        // "This network" and loopback.
        (0 | 127, _, _) => true,
        // Private use.
        (10, _, _) | (172, 16..=31, _) | (192, 168, _) => true,
        // Carrier-grade NAT; some clouds keep their metadata there.
        (100, 64..=127, _) => true,
        // Link-local, where most clouds keep their metadata.
        (169, 254, _) => true,
        // Protocol assignments, documentation, 6to4 relays, benchmarks.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => true,
        // Azure's host: metadata, though the address is public.
        (168, 63, 129) => address.octets()[3] == 16,
        // Multicast, reserved, broadcast.
        (224..=255, _, _) => true,
        _ => false,
    };
    !special
}

fn public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| public_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match segments {
        // An IPv4 address in the clothes of IPv6.
        [0, 0, 0, 0, 0, 0xffff, high, low] => embedded(high, low),
        // NAT64 leads to the embedded address.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        // 6to4 leads there too.
        [0x2002, high, low, ..] => embedded(high, low),
        // Teredo and other protocol assignments, documentation, ORCHID.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Only 2000::/3 is given out to public machines: this leaves out unspecified, loopback, local NAT64,
        // link-local, site-local, unique local (metadata of clouds as well) and multicast.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::is_public;

    #[test]
    fn private_and_special_addresses_are_not_public() {
        let private = "0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 \
            127.255.255.254 168.63.129.16 169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.192 \
            192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 \
            239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 \
            ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1 64:ff9b::a00:1 64:ff9b:1::1 100::1 2001::1 2001:10::1 \
            2001:db8::1 2002:7f00:1:: 2002:a00:1::1 3fff::1 fc00::1 fd00:ec2::254 fe80::1 fe80::a9fe:a9fe \
            fec0::1 ff02::1 ff0e::1";
        for text in private.split_whitespace() {
            assert!(!is_public(text.parse().unwrap()), "{text} must not be public");
        }
    }

    #[test]
    fn public_addresses_are_public() {
        let public = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 \
            168.63.129.17 169.253.255.255 172.15.255.255 172.32.0.0 192.167.1.1 198.17.0.1 223.255.255.255 \
            ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1 2606:4700::1111 2a00:1450::1 2001:4860::8888";
        for text in public.split_whitespace() {
            assert!(is_public(text.parse().unwrap()), "{text} must be public");
        }
    }
}
