"""Texts of dialogues in published chat formats, put together by hand: what the shipped templates must give.

python named_templates.py FILE.json [FOLDER]   with the folder of llama.cpp's templates the texts are compared with those
of the families that it has, rendered by jinja2.
"""

import json
import pathlib
import sys

BOS, EOS = "<s>", "</s>"
VICUNA = ("A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful,"
          " detailed, and polite answers to the user's questions.")
ALPACA = "Below is an instruction that describes a task. Write a response that appropriately completes the request."
QWEN = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."


def parts(messages):
    system = [m["content"] for m in messages if m["role"] == "system"]
    return (system[0] if system else ""), [m for m in messages if m["role"] != "system"]


def turns(messages, form, answer=""):
    return "".join(form(m["role"], m["content"]) for m in messages) + answer


def chatml(messages, ask):
    return turns(messages, lambda r, c: f"<|im_start|>{r}\n{c}<|im_end|>\n", "<|im_start|>assistant\n" if ask else "")


def qwen(messages, ask):
    system = [] if messages[0]["role"] == "system" else [{"role": "system", "content": QWEN}]
    return chatml(system + messages, ask)


def qwen3(messages, ask):
    last = max(i for i, m in enumerate(messages) if m["role"] == "user")
    out = []
    for i, m in enumerate(messages):
        content = m["content"]
        if m["role"] == "assistant":
            thought, _, rest = content.rpartition("</think>")
            thought = thought.rstrip("\n").split("<think>")[-1].strip("\n")
            content = rest.lstrip("\n") if "</think>" in content else content
            if i > last and (i == len(messages) - 1 or thought):
                content = f"<think>\n{thought}\n</think>\n\n" + content.lstrip("\n")
        out.append({"role": m["role"], "content": content})
    return chatml(out, ask)


def llama2(messages, ask):
    system, rest = parts(messages)
    text = ""
    for i, m in enumerate(rest):
        if m["role"] == "user":
            inside = (f"<<SYS>>\n{system}\n<</SYS>>\n\n" if system and i == 0 else "") + m["content"]
            text += f"{BOS}[INST] {inside.strip()} [/INST]"
        else:
            text += f" {m['content'].strip()} {EOS}"
    return text


def mistral(messages, ask):
    system, rest = parts(messages)
    text = BOS
    for i, m in enumerate(rest):
        inside = (system + "\n\n" if system and i == 0 else "") + m["content"]
        text += f"[INST] {inside} [/INST]" if m["role"] == "user" else f" {m['content']}{EOS}"
    return text


def gemma(messages, ask):
    system, rest = parts(messages)
    text = BOS
    for i, m in enumerate(rest):
        role = "model" if m["role"] == "assistant" else "user"
        inside = (system + "\n\n" if system and i == 0 else "") + m["content"].strip()
        text += f"<start_of_turn>{role}\n{inside}<end_of_turn>\n"
    return text + ("<start_of_turn>model\n" if ask else "")


def vicuna(messages, ask):
    system, rest = parts(messages)
    text = BOS + (system or VICUNA) + " "
    text += turns(rest, lambda r, c: f"USER: {c} " if r == "user" else f"ASSISTANT: {c}{EOS}")
    return text + ("ASSISTANT:" if ask else "")


def alpaca(messages, ask):
    system, rest = parts(messages)
    said = [f"### Instruction:\n{m['content']}" if m["role"] == "user" else f"### Response:\n{m['content']}{EOS}"
            for m in rest]
    return BOS + "\n\n".join([system or ALPACA] + said + (["### Response:\n"] if ask else []))


def deepseek(messages, ask):
    def form(role, content):
        return {"user": f"User: {content}\n\n", "assistant": f"Assistant: {content}{EOS}"}.get(role, content + "\n\n")

    return BOS + turns(messages, form, "Assistant:" if ask else "")


def deepseek_r1(messages, ask):
    system, rest = parts(messages)
    return BOS + system + turns(
        rest,
        lambda r, c: f"<｜User｜>{c}" if r == "user" else f"<｜Assistant｜>{c.split('</think>')[-1]}<｜end▁of▁sentence｜>",
        "<｜Assistant｜><think>\n" if ask else "")


def olmo2(messages, ask):
    lines = [f"<|{m['role']}|>\n{m['content']}" + (EOS if m["role"] == "assistant" else "") for m in messages]
    end = "" if messages[-1]["role"] == "assistant" else "\n"
    return BOS + "\n".join(lines) + end + ("<|assistant|>\n" if ask else "")


FORMATS = {
    "alpaca": alpaca, "chatml": chatml, "deepseek": deepseek, "deepseek-r1": deepseek_r1, "gemma": gemma,
    "granite": lambda m, ask: turns(m, lambda r, c: f"<|start_of_role|>{r}<|end_of_role|>{c}<|end_of_text|>\n",
                                    "<|start_of_role|>assistant<|end_of_role|>" if ask else ""),
    "internlm2": lambda m, ask: BOS + chatml(m, ask),
    "llama2": llama2,
    "llama3": lambda m, ask: BOS + turns(m, lambda r, c: f"<|start_header_id|>{r}<|end_header_id|>\n\n{c.strip()}<|eot_id|>",
                                         "<|start_header_id|>assistant<|end_header_id|>\n\n" if ask else ""),
    "minicpm": lambda m, ask: turns(m, lambda r, c: f"<用户>{c.strip()}<AI>" if r == "user" else c.strip()),
    "mistral": mistral, "olmo2": olmo2,
    "phi3": lambda m, ask: turns(m, lambda r, c: f"<|{r}|>\n{c}<|end|>\n", "<|assistant|>\n" if ask else EOS),
    "qwen": qwen, "qwen3": qwen3, "vicuna": vicuna,
    "zephyr": lambda m, ask: turns(m, lambda r, c: f"<|{r}|>\n{c}{EOS}\n", "<|assistant|>\n" if ask else ""),
}
PUBLISHED = {
    "qwen": "Qwen-Qwen2.5-7B-Instruct", "qwen3": "Qwen-Qwen3-0.6B", "gemma": "google-gemma-2-2b-it",
    "phi3": "microsoft-Phi-3.5-mini-instruct", "deepseek-r1": "deepseek-ai-DeepSeek-R1-Distill-Llama-8B",
}


def dialogue(*said):
    return [{"role": role, "content": content} for role, content in said]


DIALOGUES = [
    dialogue(("user", "Hi")),
    dialogue(("system", "Be brief."), ("user", "Hi")),
    dialogue(("user", "Hi"), ("assistant", "Yo")),
    dialogue(("system", " S \n"), ("user", " a "), ("assistant", "  b\n"), ("user", "c")),
    dialogue(("user", "1"), ("assistant", "<think>\nhm\n</think>\n\n2"), ("user", "3"), ("assistant", "4")),
    dialogue(("user", ""), ("assistant", ""), ("user", "{{ x }} 🙂\n\n")),
]


def rendered(folder, name, messages, ask):
    import jinja2.ext
    import jinja2.sandbox

    def refuse(text):
        raise jinja2.TemplateError(text)

    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols])
    environment.globals["raise_exception"] = refuse
    template = environment.from_string(pathlib.Path(folder, name + ".jinja").read_text(encoding="utf-8"))
    try:
        return template.render(messages=messages, add_generation_prompt=ask, bos_token=BOS, eos_token=EOS)
    except jinja2.TemplateError as e:
        return "refused: " + str(e)


if __name__ == "__main__":
    rows = []
    for name, form in FORMATS.items():
        for messages in DIALOGUES:
            for ask in (False, True) if messages[-1]["role"] == "user" else (False,):
                text = form(messages, ask)
                rows.append({"template": name, "messages": messages, "ask": ask, "text": text})
                if len(sys.argv) > 2 and name in PUBLISHED:
                    published = rendered(sys.argv[2], PUBLISHED[name], messages, ask)
                    # Gemma 2 refuses a system message; Gemma 3 puts it in front of the first turn, as here.
                    if published != text and not published.startswith("refused: System role"):
                        sys.exit(f"{name}: {published!r} is published, {text!r} expected")
    pathlib.Path(sys.argv[1]).write_text(json.dumps(rows, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
