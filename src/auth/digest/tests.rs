//! Digest against the examples of the RFCs, values computed by another implementation, and
//! challenges that no honest server sends.

use super::*;

const MUFASA: (&str, &str) = ("Mufasa", "Circle of Life");
const CNONCE: &str = "0a4f113b0a4f113b";

fn of(fields: &[&str]) -> Option<Digest> {
    Digest::of(fields.iter().map(|field| field.as_bytes()))
}

/// The answer to a GET of `uri`.
#[track_caller]
fn answer(field: &str, (user, password): (&str, &str), uri: &str, cnonce: &str) -> String {
    let digest = of(&[field]).expect(field);
    digest.authorization(user, password, "GET", uri, None, 1, cnonce).unwrap()
}

#[track_caller]
fn param<'a>(answer: &'a str, name: &str) -> &'a str {
    let start = answer.find(&format!(" {name}=")).expect(answer) + name.len() + 2;
    answer[start..].split(',').next().unwrap().trim_matches('"')
}

#[test]
fn the_layout_is_that_of_requests_a10() {
    let starts = r#"Digest username="Mufasa", realm="r", nonce="n", uri="/p?q", response=""#;
    let ends = |field: &str| {
        let all = answer(field, MUFASA, "/p?q", CNONCE);
        let rest = all.strip_prefix(starts).expect(&all);
        rest[rest.find('"').unwrap() + 1..].to_owned()
    };
    let qop = format!(r#", qop="auth", nc=00000001, cnonce="{CNONCE}""#);
    assert_eq!(ends(r#"Digest realm="r", nonce="n""#), "");
    assert_eq!(ends(r#"Digest realm="r", nonce="n", opaque="""#), "");
    assert_eq!(ends(r#"digest realm=r, nonce=n, qop="""#), "");
    assert_eq!(ends(r#"Digest realm="r", nonce="n", qop="auth""#), qop);
    assert_eq!(
        ends(r#"DIGEST REALM="r", Nonce="n", QOP="auth-int , AUTH", algorithm=md5, opaque="o""#),
        format!(r#", opaque="o", algorithm="md5"{qop}"#)
    );
    assert_eq!(
        ends(r#"Digest realm="r", nonce="n", qop=auth, algorithm="SHA-512""#),
        format!(r#", algorithm="SHA-512"{qop}"#)
    );
}

#[test]
fn rfc_7616_3_9_1_md5_and_sha_256() {
    let rest = r#"qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;
    let rest = rest.replace("\n       ", "");
    let challenge =
        |hash| format!(r#"Digest realm="http-auth@example.org", {rest}, algorithm={hash}"#);
    let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    let md5 = answer(&challenge("MD5"), MUFASA, "/dir/index.html", cnonce);
    assert_eq!(param(&md5, "response"), "8ca523f5e9506fed4657c9700eebdbec");
    let sha = answer(&challenge("SHA-256"), MUFASA, "/dir/index.html", cnonce);
    assert_eq!(
        param(&sha, "response"),
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    );
    // The example sends both; the stronger one is answered.
    assert_eq!(of(&[&challenge("MD5"), &challenge("SHA-256")]), of(&[&challenge("SHA-256")]));
}

/// With the values of erratum 4897: the RFC's own are not those of SHA-512/256.
#[test]
fn rfc_7616_3_9_2_sha_512_256_with_userhash_and_without() {
    let challenge = r#"Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256,
        nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
        opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8"#;
    let challenge = challenge.replace("\n       ", "");
    let jason = ("J\u{e4}s\u{f8}n Doe", "Secret, or not?");
    let cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v";
    let response = "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5";

    let hashed = answer(&format!("{challenge}, userhash=true"), jason, "/doe.json", cnonce);
    let userhash = "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b";
    assert_eq!(param(&hashed, "username"), userhash);
    assert_eq!(param(&hashed, "response"), response);
    assert!(hashed.ends_with(", userhash=true"), "{hashed}");

    let plain = answer(&format!("{challenge}, userhash=false"), jason, "/doe.json", cnonce);
    assert!(plain.starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, "), "{plain}");
    assert_eq!(param(&plain, "response"), response);
    assert!(!plain.contains("userhash"), "{plain}");
}

const RFC_2617: &str = "Digest realm=\"testrealm@host.com\", \
    nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";

#[test]
fn rfc_2617_3_5() {
    let challenge = format!("{RFC_2617}, qop=\"auth,auth-int\"");
    let found = answer(&challenge, ("Mufasa", "Circle Of Life"), "/dir/index.html", "0a4f113b");
    assert_eq!(param(&found, "response"), "6629fae49393a05397450978507c4ef1");
}

/// With the value of erratum 749.
#[test]
fn rfc_2069_2_4_has_neither_count_nor_cnonce() {
    let found = answer(RFC_2617, ("Mufasa", "CircleOfLife"), "/dir/index.html", CNONCE);
    assert_eq!(param(&found, "response"), "1949323746fe6a43ef61f9606e7febea");
    assert!(!found.contains("nc=") && !found.contains("cnonce"), "{found}");
}

/// Algorithm, and the responses for auth and auth-int; by Python's hashlib.
const RESPONSES: &[(&str, &str, &str)] = &[
    ("MD5", "9d5faffb22f8963ba87b982b68260997", "f6f027d92780c969975ff1422dde49b6"),
    ("MD5-sess", "4c1953f0278aa26f14e573083063b443", "168baf55ed0fca7e6ff72c629cfaea62"),
    ("SHA", "2faf3529308f6b7a57e3305b7336ab50d854c959", "937b9a2900f1d5768ae64bb6c5c1b2910a62297d"),
    (
        "SHA-sess",
        "39058aff90723ec958633feef892f2a53ccca1a4",
        "c7baf610ea565feb339ec6393b7cfc4cf2c5026e",
    ),
    (
        "SHA-256",
        "0a9b4b0654af31587c948b1259e9c18c3304e7c29e1050d870e39e5274502f64",
        "c64974c0a7dc1ef7eff5bada62f23d0ac01e124412c1e2b1fb4dda31ddac993c",
    ),
    (
        "SHA-256-sess",
        "0a43ef6c52dc87642d18cb3c182dddeda72fdc4e76504d51b0605af66cf9f003",
        "41a64b8c4b2efa2ba1283583140242bdfbbf665ead05f0fb4022f29225313fe4",
    ),
    (
        "SHA-512",
        "852a24ffd945329bfc5fbf4b8ff3508e66703af18a03c615b348f17e5eef95e0\
         15f61bca30c96bf98e0e9cbf16e45abd882d696f79595562ffbbd5c9618ab597",
        "2f943e068ce4df1f70ff80f1b4416b0ea6f8bdd3e27ee0e3d638279693c45735\
         b1b1cead51fed7420b7e8021ed1f92b8dc3489dbaff6161430044cb7884b5d3a",
    ),
    (
        "SHA-512-sess",
        "f9999af18e937f572939d863454bd6536759af5f8a4848e86fdfba720781ff0d\
         56a810d46a5846e29fcd50e368abf2b34d291875339f37f724a53fbb926e8ac5",
        "0a3cc0bc5ce5452b1100ad01b2b4002fcd4210cb783812a9e4f095e7730318ee\
         7c16a5656cb04c4f1d797a24ee708614930f1d43ada3dc5e04db4e682769a2a7",
    ),
    (
        "SHA-512-256",
        "0f5681c44491df76ec7c3ce3e99617c0a7afb4929d41d0c5ee0ad35454dc3052",
        "b457caec2753b289d7a0d8f1c5a4f79d868717f5df14a566218a034692f663d2",
    ),
    (
        "SHA-512-256-SESS",
        "e92d4cbafbad55d830bc25f24d0ee186252558be826ee8c473c12a92c295cf65",
        "cedbcf99382097f1da17a9a1cae5e546f5b832c37b70fd0234bffacdbc7614c6",
    ),
];

#[test]
fn every_algorithm_with_auth_and_auth_int_a11_a12() {
    for (algorithm, auth, auth_int) in RESPONSES {
        for (qop, expected) in [("auth", auth), ("auth-int", auth_int)] {
            let field = format!("Digest realm=r, nonce=n, algorithm={algorithm}, qop={qop}");
            let digest = of(&[&field]).expect(&field);
            let (user, password) = MUFASA;
            // However it is cut.
            let body: Pieces<'_> = &|take| {
                [&b"he"[..], b"", b"llo"].into_iter().for_each(take);
                Ok(())
            };
            // The segment's parameters are signed: A14 mended.
            let found =
                digest.authorization(user, password, "POST", "/p;a?q", Some(body), 2, CNONCE);
            let found = found.unwrap();
            assert_eq!(param(&found, "response"), *expected, "{field}");
            assert_eq!(param(&found, "uri"), "/p;a?q");
            assert_eq!(param(&found, "algorithm"), *algorithm);
            assert_eq!(param(&found, "qop"), qop);
            assert_eq!(param(&found, "nc"), "00000002");
        }
    }
}

#[test]
fn auth_int_needs_a_body_that_is_known_and_auth_is_preferred() {
    let only = of(&["Digest realm=r, nonce=n, qop=auth-int"]).unwrap();
    let error = only.authorization("ann", "secret", "PUT", "/", None, 1, CNONCE).unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::InvalidArgument, Phase::Prepare));
    assert!(error.message().contains("auth-int"), "{error}");
    assert!(only.authorization("ann", "secret", "GET", "/", Some(&|_| Ok(())), 1, CNONCE).is_ok());
    for qop in ["auth,auth-int", "auth-int, auth", "auth-int,auth", " x , auth"] {
        let both = format!("Digest realm=r, nonce=n, qop=\"{qop}\"");
        assert_eq!(param(&answer(&both, MUFASA, "/", CNONCE), "qop"), "auth");
    }
}

#[test]
fn the_strongest_challenge_is_answered_a16() {
    let field = |realm, algorithm| format!("Digest realm={realm}, nonce=n, qop=auth{algorithm}");
    let ranks = [
        "",
        ", algorithm=SHA",
        ", algorithm=SHA-256",
        ", algorithm=SHA-512",
        ", algorithm=SHA-512-256",
    ];
    for pair in ranks.windows(2) {
        let (weak, strong) = (field("weak", pair[0]), field("strong", pair[1]));
        let one_field = format!("Basic realm=b, {weak}, Negotiate, {strong}, NTLM");
        for fields in [&[&*weak, &strong][..], &[&strong, &weak], &["Basic realm=b", &one_field]] {
            assert_eq!(of(fields).unwrap().realm, "strong", "{fields:?}");
        }
    }
    let (plain, session) = (field("a", ", algorithm=MD5"), field("b", ", algorithm=MD5-sess"));
    assert_eq!(of(&[&plain, &session]).unwrap().realm, "a");
    assert_eq!(of(&[&session, &plain]).unwrap().realm, "b");
}

#[test]
fn what_cannot_be_answered_is_passed_over_a15() {
    for bad in [
        "Digest realm=r",
        "Digest nonce=n",
        "Digest",
        "Digest abc==",
        "Basic realm=r, nonce=n",
        "Digest realm=r, nonce=n, algorithm=MD4",
        "Digest realm=r, nonce=n, algorithm=\"\"",
        "Digest realm=r, nonce=n, qop=auth-conf",
        "Digest realm=r, nonce=n, qop=\"x, y\"",
        "Digest realm=r, nonce=n, algorithm=MD5-sess",
        "Digest realm=r nonce=n",
        "",
        "Digest realm=r, nonce=n, algorithm=SHA-512/256",
    ] {
        assert_eq!(of(&[bad]), None, "{bad}");
        let good = "Digest realm=r, nonce=good";
        assert_eq!(of(&[bad, good]).expect(bad).nonce(), b"good");
    }
    let latin1 = [&b"Digest realm=\"\xfc\", nonce=n"[..]];
    assert_eq!(Digest::of(latin1.into_iter()), None);
}

#[test]
fn flaw_62_nothing_breaks_out_of_its_quotes() {
    let found = answer(r#"Digest realm="\"r\"", nonce="n\\""#, (r#"J"\"#, "p"), "/\"", CNONCE);
    let expected = r#"Digest username="J\"\\", realm="\"r\"", nonce="n\\", uri="/\"", response=""#;
    assert!(found.starts_with(expected), "{found}");
    // Escapes are of the header: the hash is of the text without them.
    assert_eq!(param(&found, "response"), "7451af87a036591448ccb5c4f31a3d24");
    let digest = of(&["Digest realm=r, nonce=n"]).unwrap();
    for (user, uri) in [("se\ncret", "/"), ("se\0cret", "/"), ("secret", "/\r\nX: y")] {
        let error = digest.authorization(user, "hidden", "GET", uri, None, 1, "c").unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::InvalidArgument, Phase::Prepare));
        assert!(!error.message().contains("cret") && !error.message().contains("hidden"));
    }
}

#[test]
fn text_beyond_ascii_is_utf_8_a13() {
    let user = ("J\u{e4}s\u{f8}n", "p\u{e4}");
    let found = answer("Digest realm=r, nonce=n", user, "/", CNONCE);
    assert!(found.starts_with("Digest username=\"J\u{e4}s\u{f8}n\", realm="), "{found}");
    assert_eq!(param(&found, "response"), "2a8e40855554ff0faba131e7755eb2b2");
    // Extended only where it must be.
    let found = answer("Digest realm=r, nonce=n, charset=utf-8", MUFASA, "/", CNONCE);
    assert!(found.starts_with("Digest username=\"Mufasa\", "), "{found}");
}

#[test]
fn sha_1_at_the_edges_of_a_block() {
    let hashes = [
        (0, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        (3, "7e240de74fb1ed08fa08d38063f6a6a91462a815"),
        (55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"),
        (56, "c2db330f6083854c99d4b5bfb6e8f29f201be699"),
        (63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5"),
        (64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"),
        (119, "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56"),
        (120, "f34c1488385346a55709ba056ddd08280dd4c6d6"),
        (1000, "291e9a6c66994949b57ba5e650361e98fc36b1ba"),
    ];
    for (length, hash) in hashes {
        assert_eq!(Hash::Sha1.of_bytes("a".repeat(length).as_bytes()), hash, "{length}");
    }
}

#[test]
fn cnonces_are_sixteen_digits_and_differ() {
    let (one, two) = (Digest::new_cnonce().unwrap(), Digest::new_cnonce().unwrap());
    assert!(one.len() == 16 && one.bytes().all(|byte| byte.is_ascii_hexdigit()), "{one}");
    assert_ne!(one, two);
}

/// Mutated challenges: never a panic, and whatever is answered is one challenge-shaped field that
/// says what was asked.
#[test]
fn hostile_challenges_give_a_sound_answer_or_none() {
    let seeds: [&[u8]; 3] = [
        b"Digest realm=\"a, \\\"b\", nonce=\"n\", qop=\"auth,auth-int\", algorithm=MD5, opaque=o",
        b"Basic realm=\"x\", Digest realm=r, nonce=n==, Negotiate ab+/==, Digest realm=\"\"",
        b"Digest realm=\"r\\\\\", nonce=\"\xc3\xa4\", userhash=true, charset=UTF-8, stale=1, qop=",
    ];
    let splices: [&[u8]; 12] = [
        b"\"", b"\\", b",", b"=", b" ", b"\r\n", b"\0", b"\xff", b"Digest ", b"nonce=", b"\"\"",
        b"\t",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % limit as u64) as usize
    };
    let mut answered = 0;
    for _ in 0..20_000 {
        let mut field = seeds[below(seeds.len())].to_vec();
        for _ in 0..=below(4) {
            let at = below(field.len() + 1);
            let end = (at + below(4)).min(field.len());
            field.splice(at..end, splices[below(splices.len())].iter().copied());
        }
        let Some(digest) = Digest::of([&field[..]].into_iter()) else { continue };
        let found =
            digest.authorization("u", "p", "GET", "/", Some(&|_| Ok(())), 1, CNONCE).unwrap();
        assert!(!found.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t'), "{found:?}");
        let read = challenge::parse([found.as_bytes()].into_iter());
        assert_eq!(read.len(), 1, "{found:?}");
        assert_eq!(read[0].param("realm"), Some(digest.realm.as_bytes()), "{found:?}");
        assert_eq!(read[0].param("nonce"), Some(digest.nonce()), "{found:?}");
        answered += 1;
    }
    assert!(answered > 2000, "only {answered} of 20000 were answered: does this test still bite?");
}
