// A recorded conversation held again: one end's messages are given to the code that plays the other, whose own are expected.

namespace VmBus.Protocol;

/// <summary>
/// Replays one side of a conversation against something that plays the other. Not thread-safe; can be run again.
/// </summary>
internal sealed class ConversationReplay
{
    private readonly IReadOnlyList<RecordedMessage> _messages;

    /// <summary>Makes a replay.</summary>
    /// <param name="messages">The conversation.</param>
    /// <param name="received">
    /// The direction that is fed: <see cref="MessageDirection.HostToGuest"/> plays the host to a guest's state machine,
    /// the other plays the guest to a host's.
    /// </param>
    public ConversationReplay(IReadOnlyList<RecordedMessage> messages, MessageDirection received = MessageDirection.HostToGuest)
    {
        ArgumentNullException.ThrowIfNull(messages);
        _messages = messages;
        Received = received;
    }

    /// <summary>The direction that is fed.</summary>
    public MessageDirection Received { get; }

    /// <summary>The whole conversation.</summary>
    public IReadOnlyList<RecordedMessage> Messages => _messages;

    /// <summary>Reads a recording up to its last whole record.</summary>
    /// <param name="recording">The recording; stays open.</param>
    /// <param name="received">The direction that is fed.</param>
    /// <param name="maxMessages">The most messages read; a longer conversation ends there.</param>
    /// <exception cref="RecordingCorruptException">It is no recording, or a damaged one.</exception>
    public static ConversationReplay Read(Stream recording, MessageDirection received = MessageDirection.HostToGuest, int maxMessages = 1_000_000)
    {
        using var reader = new ConversationReader(recording, leaveOpen: true);
        return new ConversationReplay([.. reader.ReadToEnd().Take(maxMessages)], received);
    }

    /// <summary>
    /// Goes through the conversation in order. A message that is fed is given to <paramref name="receive"/>; one of the
    /// other direction is handed out, and the caller compares it with what the state machine wants to post.
    /// </summary>
    /// <param name="receive">Takes a message that is fed.</param>
    /// <param name="advance">Told how much time passes before each message, where any does; moves a clock, for example.</param>
    /// <returns>The messages that are expected, each before anything that comes after it is fed.</returns>
    public IEnumerable<RecordedMessage> Run(Action<RecordedMessage> receive, Action<TimeSpan>? advance = null)
    {
        ArgumentNullException.ThrowIfNull(receive);
        return Steps(receive, advance);
    }

    private IEnumerable<RecordedMessage> Steps(Action<RecordedMessage> receive, Action<TimeSpan>? advance)
    {
        TimeSpan last = TimeSpan.Zero;
        foreach (RecordedMessage message in _messages)
        {
            if (message.Time > last)
            {
                advance?.Invoke(message.Time - last);
                last = message.Time;
            }

            if (message.Direction == Received)
                receive(message);
            else
                yield return message;
        }
    }
}
