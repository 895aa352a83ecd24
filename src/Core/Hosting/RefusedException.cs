// A guest asked for something that cannot be: it gets a failure status, and the reason goes to the bus's failures.

namespace VmBus.Hosting;

internal sealed class RefusedException(string message) : VmBusException(message);
