// The host's side of shutdown, as OpenVMM's hyperv_ic (shutdown.rs).

using System.Runtime.InteropServices;
using System.Text;

namespace VmBus.Integration;

/// <summary>Asks a guest to shut down. The answer tells whether it will; detect the end of the guest by other means.</summary>
public sealed class ShutdownHost : IntegrationHost
{
    /// <summary>The maximum number of pending requests; more are refused.</summary>
    public const int MaxWaiting = QuestionQueue<ShutdownRequest, IcStatus>.MaxWaiting;

    private readonly QuestionQueue<ShutdownRequest, IcStatus> _questions = new();

    /// <summary>Creates a component that has not negotiated yet.</summary>
    /// <param name="clock">The clock; <see langword="null"/> for the system's.</param>
    /// <param name="answerTimeout">
    /// The time limit for the answer; <see cref="IntegrationHost.DefaultAnswerTimeout"/> by default.
    /// </param>
    public ShutdownHost(TimeProvider? clock = null, TimeSpan? answerTimeout = null)
        : base(IcMessageType.Shutdown, IntegrationVersions.Shutdown, clock, answerTimeout)
    {
    }

    /// <summary>The offer of the component's channel.</summary>
    public static HostOffer Offer => IntegrationOffers.Shutdown;

    /// <summary>Queues a request.</summary>
    /// <param name="question">The request.</param>
    /// <returns>
    /// The answer. Fails with <see cref="TimeoutException"/> if none arrived in time, with <see cref="NotSupportedException"/>
    /// if the guest supports none of our versions, or with the reason given to <see cref="IntegrationHost.Close"/> if the
    /// channel is gone.
    /// </returns>
    /// <exception cref="InvalidOperationException"><see cref="MaxWaiting"/> requests are already pending.</exception>
    public Task<IcStatus> AskAsync(ShutdownRequest question) => _questions.AskAsync(question, EndedBy);

    private protected override TimeSpan RequestDueIn => _questions.DueIn;

    private protected override int WriteRequest(Span<byte> body) => Write(_questions.Current, body);

    private protected override void TakeAnswer(IcStatus status, ReadOnlySpan<byte> body) => _questions.Answer(status);

    private protected override void Unanswered() => _questions.TimeOut(MessageType);

    private protected override void Ended(Exception reason) => _questions.End(reason);

    private static int Write(ShutdownRequest question, Span<byte> body)
    {
        var message = new IcShutdown
        {
            ReasonCode = question.ReasonCode,
            TimeoutSeconds = (uint)Math.Clamp(Math.Ceiling(question.Timeout.TotalSeconds), 0, uint.MaxValue),
            Flags = question.Flags,
        };
        Span<byte> text = message.DisplayMessage;

        // What is too long is cut between two characters; the last byte stays the zero that ends it.
        Encoder encoder = Encoding.UTF8.GetEncoder();
        encoder.Convert(question.Message, text[..^1], flush: false, out _, out _, out _);
        MemoryMarshal.Write(body, in message);
        return IcShutdown.Size;
    }
}
