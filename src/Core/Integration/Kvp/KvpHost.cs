// The host's side of key-value pairs, as OpenVMM's hyperv_ic (kvp.rs) asks and Linux drivers/hv/hv_kvp.c answers.

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>Reads and writes a guest's pairs and addresses.</summary>
public sealed class KvpHost : IntegrationHost
{
    /// <summary>The maximum number of pending requests; more are refused.</summary>
    public const int MaxWaiting = QuestionQueue<KvpRequest, KvpAnswer>.MaxWaiting;

    private readonly QuestionQueue<KvpRequest, KvpAnswer> _questions = new();

    /// <summary>Creates a component that has not negotiated yet.</summary>
    /// <param name="clock">The clock; <see langword="null"/> for the system's.</param>
    /// <param name="answerTimeout">
    /// The time limit for an answer; <see cref="IntegrationHost.DefaultAnswerTimeout"/> by default.
    /// </param>
    public KvpHost(TimeProvider? clock = null, TimeSpan? answerTimeout = null)
        : base(IcMessageType.KvpExchange, IntegrationVersions.Kvp, clock, answerTimeout)
    {
    }

    /// <summary>The offer of the component's channel.</summary>
    public static HostOffer Offer => IntegrationOffers.KeyValuePairs;

    /// <summary>Asks for the value of a key.</summary>
    /// <param name="pool">The pool of the key.</param>
    /// <param name="key">The key.</param>
    /// <returns>
    /// The answer. Fails with <see cref="TimeoutException"/> if none arrived in time, with <see cref="NotSupportedException"/>
    /// if the guest supports none of our versions, or with the reason given to <see cref="IntegrationHost.Close"/> if the
    /// channel is gone.
    /// </returns>
    /// <exception cref="InvalidOperationException"><see cref="MaxWaiting"/> requests are already pending.</exception>
    /// <exception cref="ArgumentException">A text is empty, too long or contains a zero.</exception>
    public Task<KvpAnswer> GetAsync(IcKvpPool pool, string key) => AskAsync(KvpRequest.Get(pool, key));

    /// <summary>Sets a key.</summary>
    /// <param name="pool">The pool of the key.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    /// <returns>The answer, as for <see cref="GetAsync"/>.</returns>
    /// <exception cref="InvalidOperationException"><see cref="MaxWaiting"/> requests are already pending.</exception>
    /// <exception cref="ArgumentException">The key is empty, too long or contains a zero; or the value is the default.</exception>
    public Task<KvpAnswer> SetAsync(IcKvpPool pool, string key, KvpValue value) => AskAsync(KvpRequest.Set(pool, key, value));

    /// <summary>Deletes a key.</summary>
    /// <param name="pool">The pool of the key.</param>
    /// <param name="key">The key.</param>
    /// <returns>The answer, as for <see cref="GetAsync"/>.</returns>
    /// <exception cref="InvalidOperationException"><see cref="MaxWaiting"/> requests are already pending.</exception>
    /// <exception cref="ArgumentException">The key is empty, too long or contains a zero.</exception>
    public Task<KvpAnswer> DeleteAsync(IcKvpPool pool, string key) => AskAsync(KvpRequest.Delete(pool, key));

    /// <summary>Asks for the pair at an index. The guest answers <see cref="IcStatus.NoMoreItems"/> past the last.</summary>
    /// <param name="pool">The pool of the key.</param>
    /// <param name="index">The index of the pair, from 0.</param>
    /// <returns>The answer, as for <see cref="GetAsync"/>.</returns>
    /// <exception cref="InvalidOperationException"><see cref="MaxWaiting"/> requests are already pending.</exception>
    public Task<KvpAnswer> EnumerateAsync(IcKvpPool pool, uint index) => AskAsync(KvpRequest.Enumerate(pool, index));

    /// <summary>Asks for the addresses of an adapter.</summary>
    /// <param name="adapterId">
    /// The adapter. Linux's <c>hv_kvp_daemon</c> identifies an adapter by its MAC address, in upper case with colons. It answers
    /// <see cref="IcStatus.Fail"/> to any other spelling, as if the adapter did not exist.
    /// </param>
    /// <param name="family">The address family; that daemon returns both families.</param>
    /// <returns>The answer, as for <see cref="GetAsync"/>.</returns>
    /// <exception cref="InvalidOperationException"><see cref="MaxWaiting"/> requests are already pending.</exception>
    /// <exception cref="ArgumentException">The adapter's id is too long or contains a zero.</exception>
    public Task<KvpAnswer> GetAddressesAsync(string adapterId, IcKvpAddressFamily family) => AskAsync(KvpRequest.GetAddresses(adapterId, family));

    /// <summary>Sets the addresses of an adapter.</summary>
    /// <param name="addresses">The adapter and its addresses.</param>
    /// <returns>The answer, as for <see cref="GetAsync"/>.</returns>
    /// <exception cref="InvalidOperationException"><see cref="MaxWaiting"/> requests are already pending.</exception>
    /// <exception cref="ArgumentException">A text is too long or contains a zero.</exception>
    public Task<KvpAnswer> SetAddressesAsync(KvpAddresses addresses) => AskAsync(KvpRequest.SetAddresses(addresses));

    internal Task<KvpAnswer> AskAsync(KvpRequest question) => _questions.AskAsync(question, EndedBy);

    private protected override TimeSpan RequestDueIn => _questions.DueIn;

    private protected override int WriteRequest(Span<byte> body) => Write(_questions.Current, body);

    private protected override void TakeAnswer(IcStatus status, ReadOnlySpan<byte> body) => _questions.Answer(Read(_questions.Current, status, body));

    private protected override void Unanswered() => _questions.TimeOut(MessageType);

    private protected override void Ended(Exception reason) => _questions.End(reason);

    private static int Write(KvpRequest question, Span<byte> body)
    {
        int length = question.Addresses is null ? IcKvpHeader.MessageLength : IcKvpIpMessage.Size;
        body[..length].Clear();
        var header = new IcKvpHeader { Operation = question.Operation, Pool = question.Pool };
        MemoryMarshal.Write(body, in header);
        Span<byte> content = body[IcKvpHeader.Size..];
        switch (question.Operation)
        {
            case IcKvpOperation.Delete:
                ref IcKvpDelete delete = ref MemoryMarshal.AsRef<IcKvpDelete>(content);
                delete.KeyLength = KvpText.Write(question.Key, delete.Key);
                break;
            case IcKvpOperation.Enumerate:
                MemoryMarshal.AsRef<IcKvpEnumerate>(content).Index = question.Index;
                break;
            case IcKvpOperation.Get or IcKvpOperation.Set:
                ref IcKvpValue pair = ref MemoryMarshal.AsRef<IcKvpValue>(content);
                pair.KeyLength = KvpText.Write(question.Key, pair.Key);
                if (question.Operation == IcKvpOperation.Set)
                    question.Value.Write(ref pair);
                break;
            default:
                question.Addresses!.Write(ref MemoryMarshal.AsRef<IcKvpIpMessage>(body).Info);
                break;
        }

        return length;
    }

    private KvpAnswer Read(KvpRequest question, IcStatus status, ReadOnlySpan<byte> body)
    {
        if (status != IcStatus.Success)
            return new KvpAnswer(status);
        if (body.Length >= KvpMessage.LeastLength(question.Operation))
        {
            ReadOnlySpan<byte> content = body[IcKvpHeader.Size..];
            switch (question.Operation)
            {
                case IcKvpOperation.Get when KvpValue.TryRead(MemoryMarshal.AsRef<IcKvpValue>(content), out KvpValue value):
                    return new KvpAnswer(status, question.Key, value);
                case IcKvpOperation.Enumerate when TryReadPair(MemoryMarshal.AsRef<IcKvpEnumerate>(content).Data, out string key, out KvpValue value):
                    return new KvpAnswer(status, key, value);
                case IcKvpOperation.GetIpInfo:
                    return new KvpAnswer(status, Addresses: KvpAddresses.Read(MemoryMarshal.AsRef<IcKvpIpMessage>(body).Info));
                case IcKvpOperation.Set or IcKvpOperation.Delete or IcKvpOperation.SetIpInfo:
                    return new KvpAnswer(status);
            }
        }

        // The guest says that all is well, and sends what cannot be.
        Malformed();
        return new KvpAnswer(IcStatus.Fail);
    }

    private static bool TryReadPair(in IcKvpValue pair, out string key, out KvpValue value)
    {
        value = default;
        return KvpMessage.TryReadKey(pair.Key, pair.KeyLength, out key) && KvpValue.TryRead(pair, out value);
    }
}
