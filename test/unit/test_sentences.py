# SPDX-License-Identifier: Apache-2.0
"""Text is split as a reader would split it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prot_ros.core.sentences import LIMIT, SentenceSplitter


def split(text: str, size: int = 1) -> list[str]:
    splitter = SentenceSplitter()
    out = []
    for at in range(0, len(text), size):
        out += splitter.push(text[at : at + size])
    return out + splitter.end()


A16 = [
    ['Hello there.', 'How are you?', 'Fine!'],
    ['I think... maybe not.', 'Well… yes.', 'And then...', 'Nothing.'],
    ['Pi is 3.14 or so.', 'It costs $5.99 today.'],
    ['See example.com for more.', 'Or https://example.com/?q=a.b&c=1 now.'],
    ['Write to a.b@example.com please.', 'Thanks!'],
    ['Dr. Kim met Mr. Lee at St. Mary.', 'They talked.'],
    ['Fruit, e.g. apples, i.e. food.', 'Good.'],
    ['In the U.S. Army he served.', 'He left the U.S.', 'It was late.'],
    ['J. R. Smith came.', 'Plan B.', 'Then we left.'],
    ['Cats, dogs, etc. are here.', 'And birds, etc.', 'They sing.'],
    ['At 5 p.m. we met.', 'It was 6 p.m.', 'The sun set.'],
    ['1. First this.', '2. Then that.'],
    ['Really?!', 'Yes!!!', 'No way...', 'Fine.'],
    ['She said "Go." and went.', '"Stop!"', 'He stopped.'],
    ['(It works.)', 'Next one.'],
    ['**Bold.**', 'Plain.'],
    ['Version 2.0.1 is out.', 'Get it.'],
    ['It is 7.', 'Then 8.'],
    ['Go to Yahoo!search now.', 'Ok.'],
    ['저는 서울에 살아요.', '이름은 민수입니다.', '반가워요!'],
    ['좋아요~', '그럼 갈게요~', '안녕!'],
    ['3~5개 정도예요.', '네.'],
    ['글쎄요...', '모르겠어요.'],
    ['음... 그래요.', '네.'],
    ['그는 "안녕." 하고 말했다.', '그리고 갔다.'],
    ['그는 "안녕하세요."라고 말했다.', '「はい。」と言った。', '“Go!” he said.'],
    ['No.', 'I do not know.', 'Is it No. 5?', 'It is No. 6.'],
    ['I met Gen. Lee on Main St. today.', 'He sees the next gen.', 'Me gusta el mar.', 'Y a ti?'],
    ['오늘은 2024. 3. 15. 금요일입니다.', '네.'],
    ['Er kam am 3. Oktober.', 'I am 30.', 'You are 40.', 'Ich habe z.B. Brot.'],
    ['Er sagte: „Halt.“', 'Dann ging er.'],
    ['안녕하세요!😊', '반가워요~', 'ㅋㅋㅋ~', 'Hi~', 'Hello.❤️', 'How are you?'],
    ['서울 ~ 부산 기차입니다.', '네.'],
    ['(a) is one.', 'A. The first answer.', '2) the second.'],
    ['नमस्ते।', 'आप कैसे हैं?', 'يا مرحبا؟', 'نعم.'],
    ['---\nTitle', '- first item', '- second item', 'The end'],
]
NEEDS_NEWLINES = A16[-1]
A16_WITHOUT_SPACES = [
    ['안녕하세요.', '반갑습니다.', '네.'],
    ['정말요？！。', '네。', '좋습니다！'],
    ['こんにちは。', '元気ですか？', 'はい。'],
    ['你好！', '我是机器人。', '嗯……我不知道。', '他说：“好。”', '你好.', '再见！'],
]


@pytest.mark.parametrize('size', [1, 3, 1000])
@pytest.mark.parametrize('sentences', A16, ids=' '.join)
def test_a16_text_is_split_as_a_reader_would(sentences, size):
    if sentences is not NEEDS_NEWLINES:
        assert split(' '.join(sentences), size) == sentences
    assert split('\n'.join(sentences), size) == sentences


@pytest.mark.parametrize('size', [1, 3, 1000])
@pytest.mark.parametrize('sentences', A16_WITHOUT_SPACES, ids=''.join)
def test_a16_text_without_spaces_is_split_too(sentences, size):
    assert split(''.join(sentences), size) == sentences


def test_a_sentence_is_known_one_character_after_its_mark():
    splitter = SentenceSplitter()
    assert splitter.push('Hello there.') == []
    assert splitter.push(' ') == ['Hello there.']
    assert splitter.push('안녕하세요。네') == ['안녕하세요。']
    assert splitter.push('.') == [], 'an ellipsis may follow'
    assert splitter.push(' ') == ['네.']


def test_only_a_mark_that_may_go_on_waits_for_the_next_word():
    splitter = SentenceSplitter()
    assert splitter.push('It is 7. ') == []
    assert splitter.push('T') == ['It is 7.']
    assert splitter.push('hey left the U.S. It') == []
    assert splitter.push(' ') == ['They left the U.S.']


def test_the_end_settles_what_was_waiting_and_the_splitter_starts_anew():
    splitter = SentenceSplitter()
    assert splitter.push('They left the U.S. It') == []
    assert splitter.end() == ['They left the U.S.', 'It']
    assert splitter.end() == []
    assert [*splitter.push('...'), *splitter.end()] == ['...'], 'marks alone are not lost'
    assert splitter.push('Hello. ') == ['Hello.']


def test_a03_text_without_an_end_is_flushed_and_nothing_is_lost():
    text = 'word ' * 5000
    out = split(text, 7)
    assert all(len(sentence) <= LIMIT for sentence in out)
    assert ''.join(out).replace(' ', '') == text.replace(' ', '')
    assert all(sentence.split() == ['word'] * len(sentence.split()) for sentence in out)


def test_a03_text_without_any_space_is_flushed_too():
    text = '가' * 10_001
    out = split(text, 100)
    assert [len(sentence) for sentence in out] == [LIMIT] * 5 + [1]


def test_a03_a_forced_cut_comes_after_a_clause_or_else_a_word():
    clause = 'x' * 1500 + ', ' + '1,000 and ' * 100
    assert split(clause)[0] == 'x' * 1500 + ','
    word = 'x' * 500 + ' ' + 'y' * 1800
    assert split(word) == ['x' * 500, 'y' * 1800]
    assert split('가' * 1200 + '，' + '나' * 1000) == ['가' * 1200 + '，', '나' * 1000]


@pytest.mark.parametrize(
    ('unit', 'characters'),
    [('a', 1_000_000), ('! ', 50_000), ('Mr. ', 50_000), ('a.', 50_000), ('3.  ', 50_000)],
)
def test_a03_text_without_an_end_takes_linear_time(unit, characters):
    # A tenth of a second or less; work that grows with the square would take many minutes.
    text = unit * (characters // len(unit))
    out = split(text, characters)
    assert ''.join(''.join(out).split()) == text.replace(' ', '')
    assert all(len(sentence) <= LIMIT for sentence in out)


@pytest.mark.parametrize('unit', ['a', 'Mr. ', '...a', '?"a', '3. '])
def test_a03_what_waits_is_bounded_however_slowly_it_comes(unit):
    splitter = SentenceSplitter()
    pushed = said = 0
    for char in unit * (10_000 // len(unit)):
        pushed += not char.isspace()
        said += sum(len(''.join(sentence.split())) for sentence in splitter.push(char))
        assert pushed - said <= LIMIT + 1


def test_a23_empty_input_gives_nothing():
    assert split('') == []
    assert split(' \n \n ') == []


TRICKY = st.text(alphabet='aB1 .!?…。~"\')\n다요가', max_size=80)


@given(TRICKY, st.integers(1, 9))
@settings(derandomize=True, database=None, deadline=None, max_examples=200)
def test_a16_nothing_is_lost_and_the_pieces_do_not_matter(text, size):
    whole = split(text, 10_000)
    assert ''.join(''.join(whole).split()) == ''.join(text.split())
    assert split(text, size) == whole
