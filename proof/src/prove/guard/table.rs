//! What outgoing requests must never reach, written down once more: it is the table of the threat model and not a copy of
//! the program's own, so that a row that is missing there is missed here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const DENIED_V4: [(&str, u32); 16] = [
    ("0.0.0.0", 8),
    ("10.0.0.0", 8),
    ("100.64.0.0", 10),
    ("127.0.0.0", 8),
    ("169.254.0.0", 16),
    ("172.16.0.0", 12),
    ("192.0.0.0", 24),
    ("192.0.2.0", 24),
    ("192.88.99.0", 24),
    ("192.168.0.0", 16),
    ("198.18.0.0", 15),
    ("198.51.100.0", 24),
    ("203.0.113.0", 24),
    ("224.0.0.0", 4),
    ("240.0.0.0", 4),
    ("255.255.255.255", 32),
];

const DENIED_V6: [(&str, u32); 11] = [
    ("::", 8),
    ("100::", 64),
    ("2001::", 23),
    ("2001:db8::", 32),
    ("2002::", 16),
    ("3fff::", 20),
    ("5f00::", 16),
    ("fc00::", 7),
    ("fe80::", 10),
    ("fec0::", 10),
    ("ff00::", 8),
];

/// The first, a middle and the last address of a range.
fn of_v4((first, length): (&str, u32)) -> [u32; 3] {
    let first = u32::from(first.parse::<Ipv4Addr>().expect("the table has addresses"));
    let last = first | u32::MAX.checked_shr(length).unwrap_or(0);
    [first, first + (last - first) / 2, last]
}

fn of_v6((first, length): (&str, u32)) -> [u128; 3] {
    let first = u128::from(first.parse::<Ipv6Addr>().expect("the table has addresses"));
    let last = first | u128::MAX.checked_shr(length).unwrap_or(0);
    [first, first + (last - first) / 2, last]
}

/// Three addresses of every range.
pub(crate) fn denied() -> Vec<IpAddr> {
    let v4 = DENIED_V4.into_iter().flat_map(of_v4).map(|bits| IpAddr::from(Ipv4Addr::from(bits)));
    let v6 = DENIED_V6.into_iter().flat_map(of_v6).map(|bits| IpAddr::from(Ipv6Addr::from(bits)));
    v4.chain(v6).collect()
}

/// Every denied IPv4 range as IPv6 can write it: mapped, compatible, translated, NAT64 (both prefixes), 6to4, Teredo.
pub(crate) fn spelled() -> Vec<IpAddr> {
    let spell = |bits: u128| {
        [
            0xffff << 32 | bits,
            bits,
            0xffff << 48 | bits,
            0x64_ff9b << 96 | bits,
            0x64_ff9b_0001 << 80 | bits,
            0x2002 << 112 | bits << 80,
            0x2001 << 112 | bits << 64,
            0x2001 << 112 | !bits & 0xffff_ffff,
        ]
    };
    let middles = DENIED_V4.into_iter().map(|range| u128::from(of_v4(range)[1]));
    middles.flat_map(spell).map(|bits| IpAddr::from(Ipv6Addr::from(bits))).collect()
}

/// The nearest addresses outside the ranges: they may be called, and a guard that denies everything proves nothing.
pub(crate) fn neighbours() -> Vec<IpAddr> {
    let v4 = DENIED_V4
        .into_iter()
        .map(of_v4)
        .flat_map(|[first, _, last]| [first.checked_sub(1), last.checked_add(1)]);
    let v6 = DENIED_V6
        .into_iter()
        .map(of_v6)
        .flat_map(|[first, _, last]| [first.checked_sub(1), last.checked_add(1)]);
    let v4 = v4.flatten().map(|bits| IpAddr::from(Ipv4Addr::from(bits)));
    let v6 = v6.flatten().map(|bits| IpAddr::from(Ipv6Addr::from(bits)));
    v4.chain(v6).filter(|address| !is_denied(*address)).collect()
}

pub(crate) fn is_denied(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let bits = u32::from(address);
            DENIED_V4.into_iter().map(of_v4).any(|[first, _, last]| (first..=last).contains(&bits))
        }
        IpAddr::V6(address) => {
            let bits = u128::from(address);
            DENIED_V6.into_iter().map(of_v6).any(|[first, _, last]| (first..=last).contains(&bits))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{denied, is_denied, neighbours, spelled};

    #[test]
    fn the_table_denies_what_it_lists_and_not_its_neighbours() {
        assert!(denied().into_iter().chain(spelled()).all(is_denied));
        assert_eq!((denied().len(), spelled().len()), (81, 128));
        let texts: Vec<String> = neighbours().iter().map(ToString::to_string).collect();
        for public in ["9.255.255.255", "11.0.0.0", "172.32.0.0", "223.255.255.255", "2001:200::", "2003::"] {
            assert!(texts.iter().any(|text| text == public), "{public} is missing in {texts:?}");
        }
    }
}
