//! Names of folders, which IMAP sends in an ASCII of its own: "modified UTF-7" (RFC 3501, 5.1.3).

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

const CODED: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// A name as it is sent.
pub(super) fn encoded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut units: Vec<u8> = vec![];
    let close = |units: &mut Vec<u8>, out: &mut String| {
        if !units.is_empty() {
            out.push('&');
            CODED.encode_string(&*units, out);
            out.push('-');
            units.clear();
        }
    };
    for letter in name.chars() {
        if matches!(letter, ' '..='~') {
            close(&mut units, &mut out);
            out.push(letter);
            if letter == '&' {
                out.push('-');
            }
        } else {
            let mut pair = [0; 2];
            units.extend(letter.encode_utf16(&mut pair).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    close(&mut units, &mut out);
    out
}

/// A name as people read it. What is coded wrongly stays as it came: so it can be named again.
pub(super) fn decoded(sent: &str) -> String {
    let name = read(sent).unwrap_or_else(|| sent.to_owned());
    if encoded(&name) == sent { name } else { sent.to_owned() }
}

fn read(sent: &str) -> Option<String> {
    let mut out = String::with_capacity(sent.len());
    let mut rest = sent;
    while let Some((plain, coded)) = rest.split_once('&') {
        out.push_str(plain);
        let (coded, after) = coded.split_once('-')?;
        if coded.is_empty() {
            out.push('&');
        } else {
            let bytes = CODED.decode(coded).ok()?;
            let (pairs, odd) = bytes.as_chunks::<2>();
            if !odd.is_empty() {
                return None;
            }
            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
            out.push_str(&String::from_utf16(&units).ok()?);
        }
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_coded_as_the_standard_does_it() {
        for (name, sent) in [
            ("INBOX", "INBOX"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("R&D", "R&-D"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("😀", "&2D3eAA-"),
            ("a\tb", "a&AAk-b"),
            ("", ""),
        ] {
            assert_eq!(encoded(name), sent, "{name}");
            assert_eq!(decoded(sent), name, "{sent}");
        }
    }

    #[test]
    fn what_is_coded_wrongly_stays_as_it_came() {
        for sent in ["&", "a&b", "&!!-", "&AA-", "&2D0-", "ü", "&AGE-"] {
            assert_eq!(decoded(sent), sent);
        }
    }
}
