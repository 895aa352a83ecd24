// What is left of a service when the bus is saved: answers that the guest still waits for.

namespace VmBus.Devices;

partial class NetworkChannel
{
    // The packets up to the one that waited have their answers. The frames of that one and of those behind it are lost, as frames may
    // be; a question behind it is not answered, and the guest is told so.
    private void Keep(int reached, int count)
    {
        for (int at = 0; at < count; at++)
        {
            if (at == reached)
                _taken[at].SetStatus(NvspStatus.Success);
            else if (at > reached && Handle(_taken[at], out bool isControl))
                _taken[at].SetStatus(isControl ? NvspStatus.Fail : NvspStatus.Success);
            KeepAnswer(_taken[at]);
        }
    }

    private void KeepAnswer(SentPacket packet)
    {
        if (packet.WantsCompletion)
            _state.Untold.Add((packet.TransactionId, packet.Answer.ToArray()));
    }

    private async ValueTask GiveUntoldAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (_state.Untold.Count > 0)
            {
                (ulong transactionId, byte[] answer) = _state.Untold[0];
                if (_channel.TrySend(OutgoingPacket.Completion(answer, transactionId)))
                    _state.Untold.RemoveAt(0);
                else if (!await _channel.WaitToWriteAsync(Nvsp.MessageSize, cancellationToken).ConfigureAwait(false))
                    return;
            }
        }
        finally
        {
            _writing.Release();
        }
    }
}
