//! T-A15: whoever knows the digest of a secret and some text, but not the secret, can compute the digest of the same
//! secret and text with more behind it. Here is the generator for the digests that allow it, proved on the naive scheme
//! that falls to it, and then turned on gateways whose signature is a plain digest over a text with the secret.

#![allow(clippy::unwrap_used, reason = "everything here is a test")]

use data_encoding::BASE64;
use ipnd_core::{Currency, Environment, Event, EventKind, Money};
use ipnd_gateways::kit::mac::Algorithm;
use ipnd_gateways::{RawRequest, Received, Settings};
use jiff::Timestamp;

/// A digest that is built by chaining blocks of 64 bytes and gives its whole state away.
struct Chained {
    algorithm: Algorithm,
    /// Whether numbers are written with their lowest byte first.
    is_little: bool,
    compress: fn(&mut [u32], &[u8]),
}

const CHAINED: [Chained; 3] = [
    Chained { algorithm: Algorithm::Md5, is_little: true, compress: md5 },
    Chained { algorithm: Algorithm::Sha1, is_little: false, compress: sha1 },
    Chained { algorithm: Algorithm::Sha256, is_little: false, compress: sha256 },
];

impl Chained {
    /// What the digest itself puts behind a text of this length.
    fn padding(&self, text_bytes: usize) -> Vec<u8> {
        let zeros = (55 + 64 - text_bytes % 64) % 64;
        let bits = u64::try_from(text_bytes).unwrap() * 8;
        let length = if self.is_little { bits.to_le_bytes() } else { bits.to_be_bytes() };
        [&[0x80][..], &vec![0; zeros], &length].concat()
    }

    /// The digest of an unknown text of `known_bytes` bytes, its padding and `tail`, from the digest of the text alone.
    fn extended(&self, digest: &[u8], known_bytes: usize, tail: &[u8]) -> Vec<u8> {
        let words = digest.chunks(4).map(|word| <[u8; 4]>::try_from(word).unwrap());
        let little = self.is_little;
        let mut state: Vec<u32> = words
            .map(|word| if little { u32::from_le_bytes(word) } else { u32::from_be_bytes(word) })
            .collect();
        let before = known_bytes + self.padding(known_bytes).len();
        let rest = [tail, &self.padding(before + tail.len())].concat();
        rest.chunks(64).for_each(|block| (self.compress)(&mut state, block));
        let bytes = |word: &u32| if little { word.to_le_bytes() } else { word.to_be_bytes() };
        state.iter().flat_map(bytes).collect()
    }
}

fn words(block: &[u8], read: fn([u8; 4]) -> u32) -> Vec<u32> {
    block.chunks(4).map(|word| read(word.try_into().unwrap())).collect()
}

fn md5(state: &mut [u32], block: &[u8]) {
    const TURNS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    let text = words(block, u32::from_le_bytes);
    let [mut a, mut b, mut c, mut d] = <[u32; 4]>::try_from(&*state).unwrap();
    for step in 0..64_usize {
        let (mixed, place) = match step / 16 {
            0 => ((b & c) | (!b & d), step),
            1 => ((d & b) | (!d & c), (5 * step + 1) % 16),
            2 => (b ^ c ^ d, (3 * step + 5) % 16),
            _ => (c ^ (b | !d), 7 * step % 16),
        };
        let sum = a.wrapping_add(mixed).wrapping_add(sine(step)).wrapping_add(text[place]);
        (a, d, c) = (d, c, b);
        b = b.wrapping_add(sum.rotate_left(TURNS[step / 16][step % 4]));
    }
    state.iter_mut().zip([a, b, c, d]).for_each(|(own, new)| *own = own.wrapping_add(new));
}

/// The constants of MD5 (RFC 1321).
fn sine(step: usize) -> u32 {
    const SINES: [u32; 64] = [
        0xd76a_a478,
        0xe8c7_b756,
        0x2420_70db,
        0xc1bd_ceee,
        0xf57c_0faf,
        0x4787_c62a,
        0xa830_4613,
        0xfd46_9501,
        0x6980_98d8,
        0x8b44_f7af,
        0xffff_5bb1,
        0x895c_d7be,
        0x6b90_1122,
        0xfd98_7193,
        0xa679_438e,
        0x49b4_0821,
        0xf61e_2562,
        0xc040_b340,
        0x265e_5a51,
        0xe9b6_c7aa,
        0xd62f_105d,
        0x0244_1453,
        0xd8a1_e681,
        0xe7d3_fbc8,
        0x21e1_cde6,
        0xc337_07d6,
        0xf4d5_0d87,
        0x455a_14ed,
        0xa9e3_e905,
        0xfcef_a3f8,
        0x676f_02d9,
        0x8d2a_4c8a,
        0xfffa_3942,
        0x8771_f681,
        0x6d9d_6122,
        0xfde5_380c,
        0xa4be_ea44,
        0x4bde_cfa9,
        0xf6bb_4b60,
        0xbebf_bc70,
        0x289b_7ec6,
        0xeaa1_27fa,
        0xd4ef_3085,
        0x0488_1d05,
        0xd9d4_d039,
        0xe6db_99e5,
        0x1fa2_7cf8,
        0xc4ac_5665,
        0xf429_2244,
        0x432a_ff97,
        0xab94_23a7,
        0xfc93_a039,
        0x655b_59c3,
        0x8f0c_cc92,
        0xffef_f47d,
        0x8584_5dd1,
        0x6fa8_7e4f,
        0xfe2c_e6e0,
        0xa301_4314,
        0x4e08_11a1,
        0xf753_7e82,
        0xbd3a_f235,
        0x2ad7_d2bb,
        0xeb86_d391,
    ];
    SINES[step]
}

fn sha1(state: &mut [u32], block: &[u8]) {
    let mut text = words(block, u32::from_be_bytes);
    for step in 16..80 {
        text.push((text[step - 3] ^ text[step - 8] ^ text[step - 14] ^ text[step - 16]).rotate_left(1));
    }
    let [mut a, mut b, mut c, mut d, mut e] = <[u32; 5]>::try_from(&*state).unwrap();
    for (step, word) in text.into_iter().enumerate() {
        let (mixed, constant) = match step / 20 {
            0 => ((b & c) | (!b & d), 0x5a82_7999),
            1 => (b ^ c ^ d, 0x6ed9_eba1),
            2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
            _ => (b ^ c ^ d, 0xca62_c1d6_u32),
        };
        let sum =
            a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(word);
        (a, b, c, d, e) = (sum, a, b.rotate_left(30), c, d);
    }
    state.iter_mut().zip([a, b, c, d, e]).for_each(|(own, new)| *own = own.wrapping_add(new));
}

fn sha256(state: &mut [u32], block: &[u8]) {
    let mut text = words(block, u32::from_be_bytes);
    for step in 16..64 {
        let (early, late) = (text[step - 15], text[step - 2]);
        let early = early.rotate_right(7) ^ early.rotate_right(18) ^ (early >> 3);
        let late = late.rotate_right(17) ^ late.rotate_right(19) ^ (late >> 10);
        text.push(text[step - 16].wrapping_add(early).wrapping_add(text[step - 7]).wrapping_add(late));
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = <[u32; 8]>::try_from(&*state).unwrap();
    for (word, constant) in text.into_iter().zip(ROOTS) {
        let turned = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let chosen = (e & f) ^ (!e & g);
        let sum = h.wrapping_add(turned).wrapping_add(chosen).wrapping_add(constant).wrapping_add(word);
        let turned = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let most = (a & b) ^ (a & c) ^ (b & c);
        (h, g, f, e) = (g, f, e, d.wrapping_add(sum));
        (d, c, b, a) = (c, b, a, sum.wrapping_add(turned).wrapping_add(most));
    }
    state.iter_mut().zip([a, b, c, d, e, f, g, h]).for_each(|(own, new)| *own = own.wrapping_add(new));
}

/// The constants of SHA-256 (FIPS 180-4).
#[rustfmt::skip]
const ROOTS: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

const KEY: &str = "sandbox_nobodysPrivateKey000000000000000";

#[test]
fn t_a15_the_generator_breaks_the_naive_scheme() {
    let (text, tail) = (b"order=1&amount=1.00".as_slice(), b"&amount=0.01".as_slice());
    for digest in CHAINED {
        let known = digest.algorithm.compute(&[], &[KEY.as_bytes(), text]);
        let known_bytes = KEY.len() + text.len();
        let forged = digest.extended(&known, known_bytes, tail);
        let padding = digest.padding(known_bytes);
        let genuine = digest.algorithm.compute(&[], &[KEY.as_bytes(), text, &padding, tail]);
        assert_eq!(forged, genuine, "{:?}: made without the secret", digest.algorithm);
    }
}

#[test]
fn t_a15_liqpay_withstands() {
    let gateway = ipnd_gateways::find("liqpay").unwrap();
    let values = [("private_key".to_owned(), KEY.to_owned())].into();
    let settings = Settings::check(gateway.settings, Environment::Sandbox, values).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let receive = |data: &[u8], signature: &[u8]| {
        let encoded = |bytes: &[u8]| form_urlencoded::byte_serialize(bytes).collect::<String>();
        let signature = BASE64.encode(signature);
        let body = format!("data={}&signature={}", encoded(data), encoded(signature.as_bytes()));
        (gateway.receive)(&RawRequest::post("application/x-www-form-urlencoded", body), &settings, now)
    };
    let amount = Money::parse("1.00", Currency::from_code("UAH").unwrap()).unwrap();
    let event = Event {
        order_ref: Some("A-1".to_owned()),
        transaction: Some("1001".to_owned()),
        amount: Some(amount),
        ..Event::new(EventKind::PaymentCompleted, "x", Environment::Sandbox)
    };
    let told = (gateway.compose)(&event, &settings, now).unwrap();
    let data = form_urlencoded::parse(&told.body).find(|(name, _)| name == "data").unwrap().1.into_owned();
    let data = data.as_bytes();

    let sandwiched = Algorithm::Sha1.compute(&[], &[KEY.as_bytes(), data, KEY.as_bytes()]);
    assert!(matches!(receive(data, &sandwiched), Received::Proven(_)), "the genuine one, by version 3");

    let sha1 = &CHAINED[1];
    let known_bytes = 2 * KEY.len() + data.len();
    let padding = sha1.padding(known_bytes);
    let tail = BASE64.encode(br#"{"amount":"0.01"}"#);
    let forged = sha1.extended(&sandwiched, known_bytes, tail.as_bytes());
    // The digest is right for the text that begins with all of this; the forger has to place the secret in `data`
    // and cannot, and must end with it and cannot.
    let all = [data, KEY.as_bytes(), &padding, tail.as_bytes()].concat();
    assert_eq!(forged, Algorithm::Sha1.compute(&[], &[KEY.as_bytes(), &all]));
    for attempt in [&all[..], &[data, &padding, tail.as_bytes()].concat(), &[data, tail.as_bytes()].concat()]
    {
        assert!(matches!(receive(attempt, &forged), Received::Refused(_)));
    }
    // Even a forger who knew the secret's text, but were not let use it for hashing, has no room for the padding.
    let inside = [data, KEY.as_bytes(), &padding].concat();
    let digest = Algorithm::Sha1.compute(&[], &[KEY.as_bytes(), &inside, KEY.as_bytes()]);
    let Received::Refused(reason) = receive(&inside, &digest) else { panic!("what is no Base64 was hashed") };
    assert_eq!((reason.code.as_str(), reason.detail.as_str()), ("field_malformed", "data"));
}
