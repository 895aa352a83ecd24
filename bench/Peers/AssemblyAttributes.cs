// Every signature in this assembly is blittable: with the runtime marshaller off, one that is not fails to compile.

using System.Runtime.CompilerServices;

[assembly: DisableRuntimeMarshalling]
