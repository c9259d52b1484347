# SPDX-License-Identifier: Apache-2.0
"""What English utterances ask for.

Statements are taken out first (`facts.py`), so that `my name is alice what time is it`
asks for the time. What is left is tried against the rules below, the rarest wording first. Two
kinds of recogniser noise are allowed for: phrases that sound alike (`one is my birthday`) are put
right by a table, and keywords of six letters and more may differ by one letter.
"""

from __future__ import annotations

from prot_ros.core.offline.english.facts import Reading, readings
from prot_ros.core.offline.english.numbers import read
from prot_ros.core.offline.english.questions_about import about_facts
from prot_ros.core.offline.english.words import AUXILIARIES, FILLERS, WH_WORDS
from prot_ros.core.offline.plain_text import listed
from prot_ros.core.offline.questions import Intent, Kind, weightiest
from prot_ros.core.offline.statements import tells

Words = tuple[str, ...]

# Heard by PocketSphinx or known homophones: what is written -> what was meant. Whole words.
_SOUNDS_LIKE = {
    'one is my birthday': 'when is my birthday', 'when his my': 'when is my',
    'what his my': 'what is my', 'wear do i': 'where do i', 'where do i leave': 'where do i live',
    'where do i leaf': 'where do i live', 'where do i lived': 'where do i live',
    'where i leave': 'where i live', 'our old am i': 'how old am i',
    'our old and i': 'how old am i',
    'how old and i': 'how old am i', 'who my': 'who am i', 'the day to day': 'the date today',
    'what i miss it': 'what time is it', 'what time as it': 'what time is it',
    'account to': 'count to', 'count two': 'count to', 'count too': 'count to',
    'down to': 'count to', 'count the': 'count to', 'tell me a store': 'tell me a story',
    'tell me story': 'tell me a story', 'tell me the story': 'tell me a story',
    'sam que': 'thank you', 'thank who': 'thank you', 'good by': 'goodbye', 'good bye': 'goodbye',
    'good buy': 'goodbye', 'by by': 'bye bye', 'buy buy': 'bye bye', 'go one': 'go on',
    'here are you': 'who are you', 'to argue': 'who are you', 'see ya': 'see you',
    'she later': 'see you later', 'red my name': 'what is my name',
}  # fmt: skip
_KEYWORDS = listed("""birthday brother remember favorite continue goodbye something morning
profession yourself""")
_POLITE = FILLERS | frozenset(listed('could you can would will please kindly for me'))

_STOP_WORDS = frozenset(listed('stop wait pause quiet enough cancel silence halt'))
_STOPS = (
    'hold on', 'shut up', 'be quiet', 'one moment', 'one second', 'just a moment', 'hang on',
    'excuse me', 'that is enough', 'i have a question', 'ask something else', 'ask you something',
    'ask another question', 'ask a question', 'something else', 'another question', 'never mind',
    'forget it', 'let me speak', 'let me talk', 'be silent', 'stop it', 'stop talking',
)  # fmt: skip
_GOODBYES = (
    'goodbye', 'bye', 'bye bye', 'see you', 'good night', 'farewell', 'talk to you later',
    'i have to go', 'i must go', 'i am leaving', 'have a nice day', 'until next time',
)  # fmt: skip
_CONTINUES = (
    'go on', 'continue', 'carry on', 'keep going', 'go ahead', 'tell me more', 'and then',
    'what happened next', 'what happens next', 'the rest of the story', 'keep on', 'proceed',
    'where were we', 'back to the story', 'finish the story', 'resume',
)  # fmt: skip
_REPEATS = (
    'say that again', 'say it again', 'repeat that', 'repeat it', 'repeat please', 'come again',
    'what did you say', 'what did you just say', 'say again', 'i did not hear', 'pardon',
    'what was that', 'i did not understand', 'i did not get that', 'once more', 'one more time',
    'repeat what you', 'could you repeat', 'can you repeat', 'please repeat',
)  # fmt: skip
_SAYS = ('repeat after me', 'say after me', 'say the words', 'say the following')
_TIMES = (
    'what time', 'the time', 'how late is it', 'time is it', 'what is the time', 'have the time',
    'current time', 'what hour',
)  # fmt: skip
_DATES = (
    'what day', 'what date', 'the date', "today's date", 'todays date', 'what is today',
    'which day', 'day is it', 'date is it',
    'date today', 'what month', 'what year', 'day of the week', 'day today',
)  # fmt: skip
_WELLBEING = (
    'how are you', 'how do you do', 'how is it going', 'how are things', 'how do you feel',
    'are you well', 'are you okay', 'how have you been', 'what is up', 'how you doing',
)  # fmt: skip
_IDENTITIES = (
    'who are you', 'what are you', 'your name', 'are you a robot', 'are you human', 'are you real',
    'are you a machine', 'introduce yourself', 'about yourself', 'who made you', 'how old are you',
    'where do you live', 'where are you from', 'who is this', 'who am i talking to',
    'are you an ai',
    'are you a computer', 'do you have a name', 'who is speaking',
)  # fmt: skip
_ABILITIES = (
    'what can you do', 'can you help', 'help me', 'what do you do', 'your abilities',
    'what else can',
    'what can i ask', 'what can i say', 'what are you able', 'what do you know', 'how do you work',
    'what can you tell',
)  # fmt: skip
_REQUESTS = (
    (Kind.CONTINUE, _CONTINUES),
    (Kind.IDENTITY, _IDENTITIES),
    (Kind.ABILITIES, _ABILITIES),
)
_GREETINGS = frozenset(listed('hello hi hey greetings hallo howdy yo hiya'))
_GREETING_PHRASES = ('good morning', 'good afternoon', 'good evening', 'good day', 'nice to meet')
_THANKS = ('thank you', 'thanks', 'thank', 'much appreciated', 'i appreciate')
_AGREEMENTS = frozenset(
    listed("""yes yeah yep no nope okay ok sure right alright fine good
great well indeed exactly correct maybe perhaps cool nice wonderful of course all i see am a
very so not bad that is and you too""")
)
_WRONG = (
    'that is wrong',
    'that is not right',
    'that is not true',
    'that is not correct',
    'not true',
)


def intent(text: str) -> Intent:
    """Return what an English utterance asks for."""
    return weightiest([_of_segment(reading) for reading in readings(text)])


_POLITENESS = frozenset({Kind.GREETING, Kind.AGREE, Kind.THANKS})
"""What goes without an answer of its own beside a statement."""


def _of_segment(reading: Reading) -> Intent:
    words = _put_right(reading.rest)
    said = f' {" ".join(words)} '
    told = Intent(Kind.TELL) if tells(reading.facts, denied=reading.denied) else None
    denied = Intent(Kind.DENY) if reading.denied else None
    if not words:
        return told or denied or Intent(Kind.NOTHING)
    if any(_holds(said, phrase) for phrase in _SAYS):
        return _words_to_say(reading)
    bare = _without(words, _POLITE)
    if _is_stop(bare, said):
        rest = _rules(_after_stop(words), reading)
        if rest and rest.kind not in (Kind.GREETING, Kind.THANKS, Kind.AGREE, Kind.QUESTION):
            return rest
        return Intent(Kind.STOP)
    found = _rules(words, reading)
    if told and (found is None or found.kind in _POLITENESS):
        return told
    if found:
        return found
    if denied or any(_holds(said, phrase) for phrase in _WRONG):
        return Intent(Kind.DENY)
    first = (*_without(words, FILLERS), '')[0]
    asked = reading.question or first in WH_WORDS | AUXILIARIES | {'tell'}
    return Intent(Kind.QUESTION if asked else Kind.UNKNOWN, text=' '.join(words))


def _rules(words: Words, reading: Reading) -> Intent | None:
    """Try every rule in order; the first that knows the words decides."""
    if not words:
        return None
    said = f' {" ".join(words)} '
    bare = _without(words, _POLITE)
    asking = bool(bare) and bare[0] in WH_WORDS | {'how'}
    found = _first(said, ((Kind.REPEAT, _REPEATS), (Kind.WELLBEING, _WELLBEING)))
    if found:
        return found
    count = _count(words)
    if count:
        return count
    if _is_story(said, bare, asking=asking):
        return Intent(Kind.STORY)
    found = about_facts(bare, reading) or _first(said, _REQUESTS)
    if not found and not _elsewhere(bare):
        found = _first(said, ((Kind.TIME, _TIMES), (Kind.DATE, _DATES)))
    if found:
        return found
    return None if asking else _courtesy(words, said)


def _first(said: str, table: tuple[tuple[Kind, tuple[str, ...]], ...]) -> Intent | None:
    return next(
        (Intent(kind) for kind, phrases in table if any(_holds(said, each) for each in phrases)),
        None,
    )


def _courtesy(words: Words, said: str) -> Intent | None:
    if any(_holds(said, phrase) for phrase in _GOODBYES) and len(words) <= 12:
        return Intent(Kind.GOODBYE)
    if words[0] in AUXILIARIES | {'tell'}:
        return None
    if any(_holds(said, phrase) for phrase in _THANKS):
        return Intent(Kind.THANKS)
    greeted = words[0] in _GREETINGS or any(_holds(said, each) for each in _GREETING_PHRASES)
    if greeted and len(words) <= 6:
        return Intent(Kind.GREETING)
    if all(word in _AGREEMENTS for word in words):
        return Intent(Kind.AGREE)
    return None


def _put_right(words: Words) -> Words:
    """Undo what recognisers are known to mishear, and single wrong letters in long keywords."""
    said = f' {" ".join(word for word in words if word != ",")} '
    for heard, meant in _SOUNDS_LIKE.items():
        said = said.replace(f' {heard} ', f' {meant} ')
    return tuple(_keyword(word) for word in said.split())


def _keyword(word: str) -> str:
    return next((each for each in _KEYWORDS if _one_letter_off(word, each)), word)


def _one_letter_off(word: str, keyword: str) -> bool:
    """Tell whether one letter is replaced, missing or too many."""
    if word == keyword or abs(len(word) - len(keyword)) > 1:
        return False
    short, long = sorted((word, keyword), key=len)
    at = next((i for i, letter in enumerate(short) if letter != long[i]), len(short))
    return short[at + (len(short) == len(long)) :] == long[at + 1 :]


def _holds(said: str, phrase: str) -> bool:
    return f' {phrase} ' in said


def _without(words: Words, leading: frozenset[str]) -> Words:
    at = 0
    while at < len(words) and words[at] in leading:
        at += 1
    return words[at:]


def _is_stop(bare: Words, said: str) -> bool:
    if bare[:1] and bare[0] in _STOP_WORDS:
        return True
    return any(_holds(said, phrase) for phrase in _STOPS)


def _after_stop(words: Words) -> Words:
    """Return what follows the last word that asks for quiet."""
    at = next((i for i in reversed(range(len(words))) if words[i] in _STOP_WORDS), -1)
    return words[at + 1 :]


def _count(words: Words) -> Intent | None:
    """`count to ten`, `count from three to nine`, `count down from five`."""
    if not {'count', 'counting'} & set(words):
        return None
    at = next(i for i, word in enumerate(words) if word in ('count', 'counting'))
    numbers = _numbers(words[at + 1 :])
    down = 'down' in words or 'backwards' in words
    if not numbers:
        plain_request = len(words) - at <= 4 and not WH_WORDS & set(words)
        return (
            Intent(Kind.COUNT, start=10 if down else 1, end=1 if down else 10)
            if plain_request
            else None
        )
    if len(numbers) > 1:
        return Intent(Kind.COUNT, start=numbers[-2], end=numbers[-1])
    if down:
        return Intent(Kind.COUNT, start=numbers[0], end=1)
    return Intent(Kind.COUNT, end=numbers[0])


def _numbers(words: Words) -> list[int]:
    found: list[int] = []
    at = 0
    while at < len(words):
        if words[at] in ('thousand', 'million', 'billion'):
            # Far beyond what is counted to, whatever it is a multiple of.
            found[-1:] = [1000 * max(1, *found[-1:], 1)]
            at += 1
            continue
        value, at = read(words, at) or (None, at + 1)
        found += [] if value is None else [value]
    return found


def _is_story(said: str, bare: Words, *, asking: bool) -> bool:
    if not any(_holds(said, word) for word in ('story', 'stories', 'tale', 'fairy tale')):
        return False
    if any(_holds(said, phrase) for phrase in _CONTINUES):
        return False
    verbs = ('tell', 'story', 'hear', 'read', 'know', 'say', 'want', 'long', 'start', 'begin')
    return not asking and any(_holds(said, verb) for verb in verbs)


def _elsewhere(bare: Words) -> bool:
    """`what time is it in tokyo`, `what is the date of the battle`: not what a clock tells."""
    tail = bare[3:]
    return bool({'in', 'of', 'when', 'does', 'did', 'was', 'were', 'at'} & set(tail)) and not (
        {'morning', 'moment', 'week'} & set(tail)
    )


def _words_to_say(reading: Reading) -> Intent:
    """Return what is to be said, in the words it was told in."""
    low = ' '.join(reading.rest)
    for phrase in _SAYS:
        before, found, _ = f' {low} '.partition(f' {phrase} ')
        if found:
            skip = len(before.split()) + len(phrase.split())
            words = ' '.join(reading.raw_rest[skip:]).replace(' ,', ',')
            if words:
                return Intent(Kind.SAY, text=words)
    return Intent(Kind.REPEAT)
