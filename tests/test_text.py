"""Tokens, sentences, paragraphs and quotations."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sourcescore.text import parse, sentence_around

# Pieces that the rules care about, and whatever else there is.
PIECES = st.sampled_from(
    [
        *(
            "He said",
            "no. ",
            "Mr. ",
            "U.S. ",
            "5.5",
            "No. 5",
            "soldiers' ",
            "don't",
            "É",
            "e\u0301",
        ),
        *("'", "’", "‘", '"', "“", "”", "„", "«", "»", "''", "``", ". ", "?! ", "...", ",", ":"),
        *("\n", "\r\n", "\r", "\n\n", "\u2028", "\u2029", "  ", "\t", "-", "(", ")"),
        *("\0", "\ud800", "\u202e"),
    ]
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=40).map("".join),
    st.text(st.characters(), max_size=60),  # surrogates included
)


def quoted(text: str) -> list[str]:
    return [text[start:end] for start, end in parse(text).quotations]


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in parse(text).sentence_spans]


def paragraphs(text: str) -> int:
    document = parse(text)
    return int(document.paragraph.max(initial=-1)) + 1


# ------------------------------------------------------------------------------------------- laws


@given(TEXTS)
@example("")
@example("\n \n")
@example("'' '' \u2029''")
def test_tokens_are_pieces_of_the_text_in_order(text):
    document = parse(text)
    spans = list(zip(document.starts.tolist(), document.ends.tolist(), strict=True))
    assert [text[start:end] for start, end in spans] == document.words
    assert all(start < end for start, end in spans)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))
    ends, starts = [0, *document.ends], [*document.starts, len(text)]
    left = "".join(text[end:start] for end, start in zip(ends, starts, strict=True))
    assert left == "" or left.isspace()  # a token covers everything but space


@given(TEXTS)
def test_parts_are_numbered_without_gaps(text):
    document = parse(text)
    for part in (document.sentence, document.paragraph):
        assert part.shape == (len(document),)
        assert set(np.diff(part, prepend=0)) <= {0, 1}
    new_paragraph = np.diff(document.paragraph, prepend=0) > 0
    assert (np.diff(document.sentence, prepend=0)[new_paragraph] == 1).all()


@given(TEXTS)
def test_quotations_are_disjoint_and_ordered(text):
    document = parse(text)
    assert all(0 <= start < end <= len(text) for start, end in document.quotations)
    pairs = itertools.pairwise(document.quotations)
    assert all(end <= start for (_, end), (start, _) in pairs)
    number = np.zeros(len(document), dtype=int)
    for k, (start, end) in enumerate(document.quotations, start=1):
        number[(document.starts >= start) & (document.starts < end)] = k
    assert (document.quotation == number).all()
    assert all(text[start] in "\"“”„«»'‘`" for start, _ in document.quotations)


@given(TEXTS)
def test_sentences_hold_every_token(text):
    document = parse(text)
    spans = document.sentence_spans
    assert len(spans) == document.sentence.max(initial=-1) + 1
    for start, end, k in zip(document.starts, document.ends, document.sentence, strict=True):
        assert spans[k][0] <= start < end <= spans[k][1]


@given(TEXTS, st.data())
def test_tokens_in_are_those_that_touch(text, data):
    document = parse(text)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    first, last = document.tokens_in(start, end)
    if start < end:
        touching = np.flatnonzero((document.ends > start) & (document.starts < end))
        assert list(range(first, last)) == touching.tolist()
        around = sentence_around(document, [(start, end)])
        assert around in text
        assert all(document.words[k] in around for k in touching)


# ----------------------------------------------------------------------------------------- tokens


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Mr. Tan, of the U.S., left.", ["Mr.", "Tan", ",", "of", "the", "U.S.", ",", "left", "."]),
        ("at 5 p.m. on Jan. 3", ["at", "5", "p.m.", "on", "Jan.", "3"]),
        ("1,200.50 well-known don’t", ["1,200.50", "well-known", "don", "’t"]),
        ("No. 10 said no. No. Never.", ["No.", "10", "said", "no", ".", "No", ".", "Never", "."]),
        ("a\0b\ud800c", ["a", "\0", "b", "\ud800", "c"]),
        ("\u202eשלום\u202c.", ["\u202e", "שלום", "\u202c", "."]),
    ],
)
def test_tokens(text, words):
    assert parse(text).words == words


def test_anything_else_than_a_str_is_refused():
    with pytest.raises(TypeError, match="a text must be a str; got bytes"):
        parse(b"bytes")


# -------------------------------------------------------------------------------------- sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Dr. A. Lee of Acme Corp. Asia left. He ran.",
            ["Dr. A. Lee of Acme Corp. Asia left.", "He ran."],
        ),
        (
            "It fell 3.5 percent. Why? Nobody knew!",
            ["It fell 3.5 percent.", "Why?", "Nobody knew!"],
        ),
        ('"We saw it." She left.', ['"We saw it."', "She left."]),
        ('"Is it true?" he asked. Yes.', ['"Is it true?" he asked.', "Yes."]),
        ("He waited ... and left. Then", ["He waited ... and left.", "Then"]),
        ('"No. We did not," he said.', ['"No.', 'We did not," he said.']),
        ("See No. 5 there. Then go.", ["See No. 5 there.", "Then go."]),
        ("Mill burns down\nIt was old.", ["Mill burns down", "It was old."]),  # a headline
        (
            "One.\r\nTwo.\rThree.\u2028Four.\u0085Five.",
            ["One.", "Two.", "Three.", "Four.", "Five."],
        ),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences(text, expected):
    assert sentences(text) == expected


def test_a_text_wrapped_by_hand_keeps_its_sentences_and_paragraphs():
    text = (
        "The mill in the old town burnt down on\nFriday night, and the police said that\n"
        "nobody was hurt.\nThey asked the neighbours for what they\nhad seen.\n\n"
        "A second fire broke out in the morning\nbut did no harm.\n"
    )
    for wrapped in (text, text.replace("\n", "\r\n"), text.replace("\n", " \n")):
        assert paragraphs(wrapped) == 2
        assert len(sentences(wrapped)) == 3
    indented = text.replace("\nThey", "\n   They")
    assert paragraphs(indented) == 3


def test_lines_are_paragraphs_in_a_text_that_was_not_wrapped():
    text = "A headline\nBy Ann Lee\n\nThe first paragraph.\nThe second.\u2029The third."
    assert paragraphs(text) == 5


def test_sentence_around_goes_from_the_first_to_the_last():
    text = "One is here. Two is there. Three is gone."
    document = parse(text)
    assert sentence_around(document, [(4, 6)]) == "One is here."
    assert sentence_around(document, [(17, 19), (4, 6)]) == "One is here. Two is there."
    assert sentence_around(document, []) == ""
    assert sentence_around(parse(""), [(0, 0)]) == ""


# ------------------------------------------------------------------------------------- quotations


@pytest.mark.parametrize(
    "quotation",
    [
        '"We saw it,"',
        "“We saw it,”",
        "'We saw it,'",
        "‘We saw it,’",
        "„Wir sahen es“,",
        "«We saw it»,",
        "« We saw it »,",
        "»We saw it«,",
        "''We saw it,''",
        "``We saw it,''",
        "‘‘We saw it,’’",
        '“We saw it,"',
        "”We saw it,”",
        "“He said ‘no’ to us,”",
        "‘He said “no” to us,’",
        "\"He didn't say 'no' to us,\"",
        "'Give 'em hell,'",
        "“The soldiers’ homes weren’t burnt,”",
        "''When I say, 'No,' I mean it,''",
    ],
)
def test_a_quotation_is_found_whole(quotation):
    text = f"It was late. {quotation} she said, and left."
    assert quoted(text) == [quotation.rstrip(",") if quotation[-1] == "," else quotation]


@pytest.mark.parametrize(
    "text",
    [
        "The soldiers' homes and the farmers' fields burnt.",
        "It's O'Brien's, isn't it? Rock 'n' roll of the '90s and '80s.",
        "'Twas the night; 'tis done 'til dawn.",
        'A 5" pipe and a 3", grey one.',
        "The 'hood said nothing.",
        "The boys’ school, the girls’ choir.",
        "nothing closes ” or » here",
    ],
)
def test_apostrophes_and_stray_marks_are_no_quotations(text):
    assert quoted(text) == []


def test_an_apostrophe_does_not_swallow_the_quotation_after_it():
    text = "The soldiers' chief and the 'hood spoke: \"We saw it.\" Nobody else did."
    assert quoted(text) == ['"We saw it."']


def test_several_quotations_of_one_sentence():
    text = "“We saw it,” she said. “It was big.” 'A lie,' he said."
    assert quoted(text) == ["“We saw it,”", "“It was big.”", "'A lie,'"]
    document = parse(text)
    assert document.quotation[document.words.index("she")] == 0
    assert document.quotation[document.words.index("big")] == 2


@pytest.mark.parametrize("marks", ['""', "“”", "‘’", "''"])
@pytest.mark.parametrize("gap", ["\n\n", "\r\n\r\n", "\n"])
def test_a_quotation_of_several_paragraphs_is_one_quotation_each(marks, gap):
    opens, closes = marks
    parts = [f"{opens}First we ran.", f"{opens}Then we hid.", f"{opens}It was over.{closes}"]
    text = "She said: " + gap.join(parts) + " That was all."
    assert quoted(text) == parts


def test_a_quotation_that_nothing_closes_ends_with_its_paragraph():
    assert quoted('She said: "We ran. \n\nThat was all.') == ['"We ran.']
    assert quoted("She said: 'We ran. \n\nThat was all.") == []  # as likely an apostrophe


def test_sentences_have_an_end():
    document = parse("word " * 5000)
    assert max(np.bincount(document.sentence)) <= 400
    assert document.text[document.sentence_spans[-1][1] - 4 :].strip() == "word"


def test_a_part_is_a_document_with_the_same_offsets():
    document = parse('He said "no". "Yes," she said.\n\n"Well, well." They left. "Then what?"')
    first, last = 5, len(document) - 2
    part = document.part(first, last)
    assert part.words == document.words[first:last]
    assert [part.text[a:b] for a, b in zip(part.starts, part.ends, strict=True)] == part.words
    assert part.sentence[0] == part.paragraph[0] == 0
    inside = document.quotation[first:last] > 0
    assert ((part.quotation > 0) == inside).all()
    for token in np.flatnonzero(part.quotation):
        start, end = part.quotations[part.quotation[token] - 1]
        assert start <= part.starts[token] < end
