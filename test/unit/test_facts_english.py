# SPDX-License-Identifier: Apache-2.0
import pytest

from prot_ros.core.facts import NOTE, Standing
from prot_ros.core.offline.facts_told import facts_told

SISTER = ("user's sister", 'is called', 'Mina')
TOLD = {
    'my name is alice and i live in seoul': [
        ('user', 'name', 'Alice'),
        ('user', 'lives in', 'Seoul'),
    ],
    "I'm Alice.": [('user', 'name', 'Alice')],
    'hi i am minsu from seoul': [('user', 'name', 'Minsu'), ('user', 'comes from', 'Seoul')],
    'call me al': [('user', 'name', 'Al')],
    'you can call me al': [('user', 'name', 'Al')],
    'this is alice speaking': [('user', 'name', 'Alice')],
    'my name is kim min su': [('user', 'name', 'Kim Min Su')],
    'my name is alice nice to meet you': [('user', 'name', 'Alice')],
    'no my name is alice not alan': [('user', 'name', 'Alice')],
    'i told you my name is alice': [('user', 'name', 'Alice')],
    'my name is alice what is your name': [('user', 'name', 'Alice')],
    'MY NAME IS ALICE': [('user', 'name', 'Alice')],
    'my name is 민수': [('user', 'name', '민수')],
    'i live in new york now': [('user', 'lives in', 'New York')],
    'i live in the us and': [('user', 'lives in', 'the US')],
    'i live in soul': [('user', 'lives in', 'Seoul')],  # what recognisers write for Seoul
    'i am from the us': [('user', 'comes from', 'the US')],
    "i'm an engineer from brazil": [
        ('user', 'works as', 'engineer'),
        ('user', 'comes from', 'Brazil'),
    ],
    "i've been living in seoul for ten years": [('user', 'lives in', 'Seoul')],
    'i was born in busan': [('user', 'comes from', 'Busan')],
    "i'm thirty two": [('user', 'age', '32')],
    'i am 32 years old and i live in paris': [
        ('user', 'age', '32'),
        ('user', 'lives in', 'Paris'),
    ],
    'my birthday is on may third': [('user', 'birthday', 'May third')],
    'i was born on the third of may': [('user', 'birthday', 'the third of May')],
    'i like jazz, pizza and tea and i live in berlin': [
        ('user', 'likes', 'jazz'),
        ('user', 'likes', 'pizza'),
        ('user', 'likes', 'tea'),
        ('user', 'lives in', 'Berlin'),
    ],
    'i really love to read books': [('user', 'likes', 'to read books')],
    'i like my dog': [('user', 'likes', 'my dog')],
    "i don't like tea": [('user', 'dislikes', 'tea')],
    'i can not stand noise': [('user', 'dislikes', 'noise')],
    'my favourite color is blue': [('user', 'favorite color', 'blue')],
    'i have a dog called rex': [
        ('user', 'has', 'a dog called Rex'),
        ("user's dog", 'is called', 'Rex'),
    ],
    'i have got a cat named tom and a dog': [
        ('user', 'has', 'a cat named Tom'),
        ("user's cat", 'is called', 'Tom'),
        ('user', 'has', 'a dog'),
    ],
    'i work at samsung as an engineer': [
        ('user', 'works at', 'Samsung'),
        ('user', 'works as', 'engineer'),
    ],
    'i am a software engineer': [('user', 'works as', 'software engineer')],
    'i am a student at kaist': [
        ('user', 'works as', 'student'),
        ('user', 'studies at', 'KAIST'),
    ],
    'i am korean and i speak korean and english': [
        ('user', 'is', 'Korean'),
        ('user', 'speaks', 'Korean'),
        ('user', 'speaks', 'English'),
    ],
    'i am allergic to peanuts': [('user', 'is', 'allergic to peanuts')],
    'my sister mina lives in busan': [SISTER, ('Mina', 'lives in', 'Busan')],
    'my sisters name is mina': [SISTER],
    'the name of my sister is mina': [SISTER],
    'mina is my sister and she lives in busan': [SISTER, ('Mina', 'lives in', 'Busan')],
    'my sister is called mina she likes cats': [SISTER, ('Mina', 'likes', 'cats')],
    "my sister's husband is called tom": [("user's sister's husband", 'is called', 'Tom')],
    'my older sister is a doctor and lives in berlin': [
        ("user's older sister", 'works as', 'doctor'),
        ("user's older sister", 'lives in', 'Berlin'),
    ],
    'my parents live in busan': [("user's parents", 'lives in', 'Busan')],
    'my mom likes tea': [("user's mother", 'likes', 'tea')],
    'i have a friend called bob who lives in london': [
        ("user's friend", 'is called', 'Bob'),
        ('Bob', 'lives in', 'London'),
    ],
    'my son max is five': [("user's son", 'is called', 'Max'), ('Max', 'age', '5')],
    'i have two sisters, bora and mina': [
        ('user', 'has', 'two sisters'),
        (SISTER[0], 'is called', 'Bora'),
        SISTER,
    ],
    'i went hiking with my sister mina and my brother tom': [
        SISTER,
        ("user's brother", 'is called', 'Tom'),
    ],
    'i am learning german - it is tough - and i love "Home Alone" - always did': [
        ('user', 'studies', 'German'),
        ('user', 'likes', 'Home Alone'),
    ],
    'my friend Minsu, also called MJ, lives in London': [
        ("user's friend", 'is called', 'Minsu'),
        ('Minsu', 'is called', 'MJ'),
        ('Minsu', 'lives in', 'London'),
    ],
    'My sister is Bora. We call her Bo.': [
        (SISTER[0], 'is called', 'Bora'),
        ('Bora', 'is called', 'Bo'),
    ],
    'my name is albert and everyone calls me al': [
        ('user', 'name', 'Albert'),
        ('user', 'is called', 'Al'),
    ],
    "I got a puppy two weeks ago! Her name's Coco.": [
        ('user', 'has', 'a puppy'),
        ("user's dog", 'is called', 'Coco'),
    ],
    'my kids are called leo and mia': [
        ("user's child", 'is called', 'Leo'),
        ("user's child", 'is called', 'Mia'),
    ],
    "my mother-in-law's name is anna": [("user's mother-in-law", 'is called', 'Anna')],
    'my mother-in-law lives in busan': [("user's mother-in-law", 'lives in', 'Busan')],
    "i've been a nurse for ten years": [('user', 'works as', 'nurse')],
    "grandpa's name was walter": [("user's grandfather", 'is called', 'Walter')],
    'bora is my sister': [(SISTER[0], 'is called', 'Bora')],
    'i have a sister, she lives in busan': [
        ('user', 'has', 'a sister'),
        (SISTER[0], 'lives in', 'Busan'),
    ],
    "my wife's name is anna and her birthday is may third": [
        ("user's wife", 'is called', 'Anna'),
        ('Anna', 'birthday', 'May third'),
    ],
    "i work as a nurse at St Mary's": [
        ('user', 'works as', 'nurse'),
        ('user', 'works at', "St Mary's"),
    ],
    'i study physics at kaist': [
        ('user', 'studies', 'physics'),
        ('user', 'studies at', 'KAIST'),
    ],
    'i drive a tesla and i own two bikes': [
        ('user', 'drives', 'a tesla'),
        ('user', 'owns', 'two bikes'),
    ],
    'my phone number is 010-1234-5678': [('user', 'phone number', '010 1234 5678')],
    'my room number is 302 now': [('user', 'room number', '302')],
    'my dog max is 3': [("user's dog", 'is called', 'Max'), ('Max', 'age', '3')],
    'My boss is called Kim and my neighbour Tom has a cat.': [
        ("user's boss", 'is called', 'Kim'),
        ("user's neighbor", 'is called', 'Tom'),
        ('Tom', 'has', 'a cat'),
    ],
    'bob likes jazz': [('Bob', 'likes', 'jazz')],
    "bob's favorite food is pizza": [('Bob', 'favorite food', 'pizza')],
    'Alice lives in Wonderland. She likes tea.': [
        ('Alice', 'lives in', 'Wonderland'),
        ('Alice', 'likes', 'tea'),
    ],
    'remember that my name is alice': [('user', 'name', 'Alice')],
    'please remember that the key is under the mat': [('user', NOTE, 'the key is under the mat')],
    'remember to buy milk': [('user', NOTE, 'to buy milk')],
}
NOT_TOLD = """where do i live|do i live in seoul|is my name alice|what is my name i live in seoul
i live in seoul right|i live in seoul do i not|i live in seoul?|can you call me al
tell me where i live|do you remember that i live in seoul|nice to meet you do i live in seoul
if i lived in seoul i would be happy|if i live in seoul and my name is bob|maybe i live in seoul
i wish i lived in seoul|i think bob likes jazz|bob said i live in paris
imagine my name is bob|say my name is bob|pretend i live in london|i would like a coffee
don't call me al
i am not sure|i am a bit of a musician|my name is spelled a l i c e
i am tired|i am fine|i am going to london|i am in love|i am a bit tired|this is great
i like you|i like it|i have a question|i have no dog|call me later|call me a taxi|god loves you
everybody likes jazz|my mom calls me every day|nobody calls me al|i call my mom every day
i worked at yesterday|only bob likes jazz|it is not true that i live in rome
neither my sister nor i live in rome|i worked at home yesterday|i studied all night
my office is 3 blocks away|i love your cake|this is max
saturday works for me|Networking plays a big role|Recently started learning piano
i took it at a place called Whispering Falls|i am learning a ton|i work for the team
i drive my sister crazy
i sold my soul|i am going to sleep|my favorite restaurant moved to busan
he likes tea|my wife is beautiful|we live in peace|i live in fear|my name is
stop please i want to ask something else|tell me a long story|what i like is jazz|i live in|i|my
""".replace('\n', '|').strip('|').split('|')  # fmt: skip


def held(text):
    return [fact for fact in facts_told(text) if fact.standing is Standing.HOLDS]


@pytest.mark.parametrize(('text', 'expected'), TOLD.items())
def test_statement_tells_facts(text, expected):
    assert [(f.subject, f.predicate, f.object) for f in held(text)] == expected


@pytest.mark.parametrize('text', NOT_TOLD)
def test_question_doubt_or_denial_tells_nothing(text):
    assert facts_told(text) == ()


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('i live in seoul', 'The user lives in Seoul.'),
        ('my sister mina lives in busan', "The user's sister Mina lives in Busan."),
        ('my parents live in busan', "The user's parents live in Busan."),
        ('i like my dog', 'The user likes their dog.'),
        ('i am a student', 'The user works as a student.'),
        ('i am an engineer', 'The user works as an engineer.'),
        ("i don't like tea", 'The user does not like tea.'),
    ],
)
def test_fact_is_written_down_as_a_sentence(text, sentence):
    assert facts_told(text)[-1].text == sentence


def test_statement_that_follows_a_denial_counts():
    told = held('i do not live in london but i live in paris')
    assert [(f.predicate, f.object) for f in told] == [('lives in', 'Paris')]


def test_names_are_written_with_capitals_and_things_as_told():
    told = facts_told('my name is jean paul and i like jazz and Bach')
    assert [f.object for f in told] == ['Jean Paul', 'jazz', 'Bach']
