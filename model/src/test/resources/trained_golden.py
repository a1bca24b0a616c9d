"""Which tokens of a dialogue are the assistant's, by transformers' own mask of generation tags.

usage: trained_golden.py FOLDER, which gets a tokenizer and cases.jsonl

Each case has a template with tags and one without. Both write the same text, so the mask is right for both: in the
tagged one the tag begins behind what makes the model answer and ends where the next turn begins.
"""
import json
import sys

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

SYSTEM = {"role": "system", "content": "Be brief."}
ASK = {"role": "user", "content": "Name a colour, please."}
ANSWER = {"role": "assistant", "content": "Red it is."}
AGAIN = {"role": "user", "content": "Another one?"}
BLUE = {"role": "assistant", "content": "Blue."}
CALL = {"role": "assistant", "content": "", "tool_calls": [
    {"type": "function", "function": {"name": "colour", "arguments": {"n": 1}}}]}
RESULT = {"role": "tool", "content": "green"}
THOUGHT = {"role": "assistant", "content": "Red it is.", "reasoning_content": "Hm, warm ones."}

CHATML = """{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% for c in m.tool_calls or [] %}{{ c | tojson }}{% endfor %}{{ '<|im_end|>\\n' }}{% endgeneration %}{% else %}{{ m.content + '<|im_end|>\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

ZEPHYR = """{% for m in messages %}{{ '<|' + m.role + '|>\\n' }}{% if m.role == 'assistant' %}{% generation %}{{ m.content + eos_token + '\\n' }}{% endgeneration %}{% else %}{{ m.content + eos_token + '\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"""

# What an earlier turn thought is dropped once a user speaks again, so a turn is written otherwise when it is the last.
FORGETFUL = """{% set ns = namespace(last=0) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}{% if m.role == 'assistant' %}{% generation %}{% if loop.index0 > ns.last %}{{ '<think>\\n' + (m.reasoning_content or '') + '\\n</think>\\n\\n' }}{% endif %}{{ m.content + '<|im_end|>' }}{% endgeneration %}{{ '' if loop.last else '\\n' }}{% else %}{{ m.content + '<|im_end|>\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

# As llama2: no line ends, and the answer follows a space that belongs to it.
INSTRUCT = """{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}{% elif m.role == 'assistant' %}{% generation %}{{ ' ' + m.content + eos_token }}{% endgeneration %}{% endif %}{% endfor %}"""

# As Phi-3: the end token stands only behind the whole text.
CLOSED = """{% for m in messages %}{{ '<|' + m.role + '|>\\n' }}{% if m.role == 'assistant' %}{% generation %}{{ m.content + '<|end|>\\n' }}{% if loop.last %}{{ eos_token }}{% endif %}{% endgeneration %}{% else %}{{ m.content + '<|end|>\\n' }}{% if loop.last and not add_generation_prompt %}{{ eos_token }}{% endif %}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"""

CASES = [
    ("chatml", CHATML, [[ASK, ANSWER], [SYSTEM, ASK, ANSWER, AGAIN, BLUE], [ASK, CALL, RESULT, BLUE],
                        [ASK, ANSWER, BLUE], [ASK, ANSWER, AGAIN]]),
    ("zephyr", ZEPHYR, [[ASK, ANSWER], [SYSTEM, ASK, ANSWER, AGAIN, BLUE]]),
    ("forgetful", FORGETFUL, [[ASK, THOUGHT], [ASK, THOUGHT, AGAIN, BLUE], [ASK, CALL | {"content": "x"}, RESULT, BLUE]]),
    ("closed", CLOSED, [[ASK, ANSWER], [SYSTEM, ASK, ANSWER, AGAIN, BLUE]]),
    ("instruct", INSTRUCT, [[ASK, ANSWER], [ASK, ANSWER, AGAIN, BLUE]]),
]

SPECIALS = ["<|im_start|>", "<|im_end|>"]

bpe = Tokenizer(models.BPE())
bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
bpe.decoder = decoders.ByteLevel()
bpe.train_from_iterator(
    [m["content"] for _, _, dialogues in CASES for messages in dialogues for m in messages] * 4,
    trainers.BpeTrainer(vocab_size=320, special_tokens=SPECIALS, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                        show_progress=False))
tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<|im_end|>", pad_token="<|im_end|>")
tokenizer.save_pretrained(sys.argv[1])
with open(sys.argv[1] + "/cases.jsonl", "w", encoding="utf-8") as out:
    for name, tagged, dialogues in CASES:
        plain = tagged.replace("{% generation %}", "").replace("{% endgeneration %}", "")
        for messages in dialogues:
            made = tokenizer.apply_chat_template(messages, chat_template=tagged, tokenize=True, return_dict=True,
                                                 return_assistant_tokens_mask=True)
            text = tokenizer.apply_chat_template(messages, chat_template=plain, tokenize=False)
            assert text == tokenizer.apply_chat_template(messages, chat_template=tagged, tokenize=False)
            ids, mask = made["input_ids"], made["assistant_masks"]
            assert 0 < sum(mask) < len(mask), name
            out.write(json.dumps({"name": name, "tagged": tagged, "plain": plain, "messages": messages,
                                  "ids": ids, "trained": mask}) + "\n")
