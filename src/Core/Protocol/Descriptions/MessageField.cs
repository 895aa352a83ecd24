// One field of a message, as text.

namespace VmBus.Protocol;

/// <summary>One field of a message, as a person reads it and as a program does.</summary>
/// <param name="Name">Its name, in lower case with underscores.</param>
/// <param name="Text">Its value, with unit and meaning; one line, plain ASCII.</param>
/// <param name="Brief">Name and value in a few words, for one line a message; <see langword="null"/> where it is not worth them.</param>
/// <param name="Number">Its value where it is a count or an identifier that says all by itself.</param>
internal sealed record MessageField(string Name, string Text, string? Brief = null, ulong? Number = null);
