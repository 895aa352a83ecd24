// What a daemon knows of its messages, apart from how they come and go.

namespace VmBus.Linux;

/// <summary>One service of <c>hv_utils</c>. Called by one thread at a time.</summary>
internal interface IUtilService
{
    /// <summary>Bytes of a message, either way.</summary>
    int MessageLength { get; }

    /// <summary>Writes the greeting of the newest kind.</summary>
    /// <param name="message">Zeroed.</param>
    void WriteGreeting(Span<byte> message);

    /// <summary>Takes what the kernel answers to the greeting.</summary>
    /// <returns><see langword="false"/> when it is something else.</returns>
    bool TryTakeGreeting(ReadOnlySpan<byte> answer);

    /// <summary>Does what the kernel asks for, and turns the message into the answer.</summary>
    /// <returns>Whether it succeeded.</returns>
    bool Answer(Span<byte> message);

    /// <summary>Turns the message into the answer that it failed.</summary>
    void Fail(Span<byte> message);

    /// <summary>Whether the daemon goes on after this error of an answer, of which the host has learnt.</summary>
    bool Outlives(Exception error);

    /// <summary>The kernel did not take the last answer: it had stopped to wait for it.</summary>
    void AnswerWasLate();

    /// <summary>No more messages will come.</summary>
    void Ended();
}
