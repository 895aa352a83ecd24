// The host's side of key-value pairs, as OpenVMM's hyperv_ic (kvp.rs) asks and Linux drivers/hv/hv_kvp.c answers.

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>Asks a guest about its pairs and addresses.</summary>
public sealed class KvpHost : AskingHost<KvpRequest, KvpAnswer>
{
    /// <summary>Makes it, not negotiated yet.</summary>
    /// <param name="clock">The clock; <see langword="null"/> for the system's.</param>
    /// <param name="answerTimeout">How long an answer may take; <see cref="IntegrationHost.DefaultAnswerTimeout"/> by default.</param>
    public KvpHost(TimeProvider? clock = null, TimeSpan? answerTimeout = null)
        : base(IcMessageType.KvpExchange, IntegrationVersions.Kvp, clock, answerTimeout)
    {
    }

    private protected override int Write(KvpRequest question, Span<byte> body)
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

    private protected override KvpAnswer Read(KvpRequest question, IcStatus status, ReadOnlySpan<byte> body)
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
